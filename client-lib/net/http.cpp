#include "client-lib/net/http.hpp"

#include "client-lib/net/connect.hpp"
#include "client-lib/net/tls_stream.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace tocsin::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string_view view(boost::string_view text) { return {text.data(), text.size()}; }
boost::string_view beast_view(std::string_view text) { return {text.data(), text.size()}; }

error_code classify(error_code ec)
{
    const error_code any_http = http::error::bad_method;
    if (ec == http::error::end_of_stream) return asio::error::eof;
    if (ec == http::error::header_limit || ec == http::error::body_limit ||
        ec == http::error::buffer_overflow)
        return Errc::too_large;
    return ec.category() == any_http.category() ? make_error_code(Errc::malformed_frame) : ec;
}

template <class Fields>
HttpHeaders copy_headers(const Fields& fields)
{
    HttpHeaders headers;
    for (const auto& field : fields)
        headers.emplace_back(view(field.name_string()), view(field.value()));
    return headers;
}

// What is under way on one socket; shared, so that a deadline may close it.
struct Talk {
    explicit Talk(tcp::socket connected) : socket(std::move(connected)) {}
    void close() noexcept
    {
        error_code ignored;
        socket.close(ignored);
    }
    tcp::socket socket;
    beast::flat_buffer buffer{limits::http_header_bytes_max + http_answer_bytes_max};
};

asio::awaitable<Result<void>> serve(std::shared_ptr<Talk> talk, AnswerHttp answer)
{
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_body_bytes_max);
    auto [read_ec, n] = co_await http::async_read(talk->socket, talk->buffer, parser, as_result);
    if (read_ec) co_return read_ec;
    const auto& from = parser.get();
    HttpRequest request;
    request.method = std::string(view(from.method_string()));
    request.target = std::string(view(from.target()));
    request.headers = copy_headers(from);
    request.body = from.body();
    HttpResponse said = answer(request);

    http::response<http::string_body> response;
    response.version(11);
    response.result(said.status);
    response.keep_alive(false);
    for (const auto& [name, value] : said.headers)
        response.insert(beast_view(name), beast_view(value));
    if (!said.content_type.empty())
        response.set(http::field::content_type, beast_view(said.content_type));
    response.content_length(said.body.size());
    if (from.method() != http::verb::head) response.body() = std::move(said.body);
    auto [write_ec, written] = co_await http::async_write(talk->socket, response, as_result);
    if (write_ec) co_return write_ec;
    error_code ignored;
    talk->socket.shutdown(tcp::socket::shutdown_send, ignored);
    co_return Result<void>();
}

asio::awaitable<Result<HttpResponse>> ask(std::shared_ptr<Talk> talk, std::string host,
                                          std::string target)
{
    http::request<http::empty_body> request;
    request.version(11);
    request.method(http::verb::get);
    request.target(beast_view(target));
    request.set(http::field::host, beast_view(host));
    auto [write_ec, written] = co_await http::async_write(talk->socket, request, as_result);
    if (write_ec) co_return write_ec;
    http::response_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_answer_bytes_max);
    auto [read_ec, n] = co_await http::async_read(talk->socket, talk->buffer, parser, as_result);
    if (read_ec) co_return read_ec;
    const auto& from = parser.get();
    HttpResponse answer(from.result_int(), std::string(view(from[http::field::content_type])),
                        from.body());
    answer.headers = copy_headers(from);
    co_return answer;
}

std::string host_of(const Endpoint& service)
{
    const bool ipv6 = service.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + service.host + "]" : service.host) +
           (service.port == 80 ? "" : ":" + std::to_string(service.port));
}

} // namespace

asio::awaitable<Result<void>> serve_plain_http(tcp::socket socket, AnswerHttp answer,
                                               Duration limit)
{
    auto talk = std::make_shared<Talk>(std::move(socket));
    auto served = co_await with_deadline(serve(talk, std::move(answer)), *talk, limit);
    talk->close();
    if (!served) co_return classify(served.error());
    co_return served;
}

asio::awaitable<Result<HttpResponse>> plain_http_get(Endpoint service, std::string target,
                                                     Duration limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_tcp(service, limit);
    if (!socket) co_return socket.error();
    auto talk = std::make_shared<Talk>(std::move(*socket));
    const Duration left = end - std::chrono::steady_clock::now();
    auto answer =
        co_await with_deadline(ask(talk, host_of(service), std::move(target)), *talk, left);
    talk->close();
    if (!answer) co_return classify(answer.error());
    co_return answer;
}

asio::awaitable<Result<void>> try_tls(Endpoint service, TlsContext tls, Duration limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_tcp(service, limit);
    if (!socket) co_return socket.error();
    TlsStream stream(std::move(*socket), tls);
    const Duration left = end - std::chrono::steady_clock::now();
    auto shaken = co_await with_deadline(stream.connect(service.host), stream, left);
    stream.close();
    co_return shaken;
}

} // namespace tocsin::net
