// HTTP/1.1 messages read from a stream and written to it, as values; for handshake.cpp and
// http.cpp, the only files that include Beast.
#pragma once

#include "client-lib/net/websocket.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace tocsin::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using Request = http::request<http::string_body>;

inline std::string_view view(boost::string_view text) { return {text.data(), text.size()}; }
inline boost::string_view beast_view(std::string_view text) { return {text.data(), text.size()}; }

// What is said of it outside these files.
inline boost::system::error_code classify(boost::system::error_code ec)
{
    if (ec == http::error::end_of_stream) return asio::error::eof;
    if (ec == http::error::partial_message) return asio::error::connection_reset;
    if (ec == http::error::header_limit || ec == http::error::body_limit ||
        ec == http::error::buffer_overflow)
        return Errc::too_large;
    const boost::system::error_code any_http = http::error::bad_method;
    if (ec.category() == any_http.category()) return Errc::malformed_frame;
    return ec;
}

template <class Fields>
HttpHeaders copy_headers(const Fields& fields)
{
    HttpHeaders headers;
    for (const auto& field : fields)
        headers.emplace_back(view(field.name_string()), view(field.value()));
    return headers;
}

inline HttpRequest request_of(const Request& from)
{
    HttpRequest request;
    request.method = std::string(view(from.method_string()));
    request.target = std::string(view(from.target()));
    request.headers = copy_headers(from);
    request.body = from.body();
    return request;
}

// As the Host header wants it.
inline std::string host_of(const Endpoint& service, std::uint16_t usual_port)
{
    const bool ipv6 = service.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + service.host + "]" : service.host) +
           (service.port == usual_port ? "" : ":" + std::to_string(service.port));
}

// What the references name outlives these coroutines.

template <class Stream>
asio::awaitable<Result<Request>> receive(Stream& stream, beast::flat_buffer& buffer)
{
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_body_bytes_max);
    auto [ec, n] = co_await http::async_read(stream, buffer, parser, as_result);
    if (ec) co_return ec;
    co_return parser.release();
}

template <class Stream>
asio::awaitable<Result<void>> respond(Stream& stream, http::verb method, HttpResponse answer)
{
    http::response<http::string_body> response;
    response.version(11);
    response.result(answer.status);
    response.keep_alive(false);
    for (const auto& [name, value] : answer.headers)
        response.insert(beast_view(name), beast_view(value));
    if (!answer.content_type.empty())
        response.set(http::field::content_type, beast_view(answer.content_type));
    response.content_length(answer.body.size());
    if (method != http::verb::head) response.body() = std::move(answer.body);
    auto [ec, n] = co_await http::async_write(stream, response, as_result);
    if (ec) co_return ec;
    co_return Result<void>();
}

// Asks, and waits for the answer. What the peer said beyond it is left in `buffer`.
template <class Stream>
asio::awaitable<Result<HttpResponse>> ask(Stream& stream, beast::flat_buffer& buffer,
                                          const http::request<http::empty_body>& request)
{
    auto [write_ec, written] = co_await http::async_write(stream, request, as_result);
    if (write_ec) co_return write_ec;
    http::response_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_answer_bytes_max);
    auto [read_ec, n] = co_await http::async_read(stream, buffer, parser, as_result);
    if (read_ec) co_return read_ec;
    const auto& from = parser.get();
    HttpResponse answer(from.result_int(), std::string(view(from[http::field::content_type])),
                        from.body());
    answer.headers = copy_headers(from);
    co_return answer;
}

inline http::request<http::empty_body>
get_request(const Endpoint& service, std::uint16_t usual_port, std::string_view target)
{
    http::request<http::empty_body> request(http::verb::get, beast_view(target), 11);
    request.set(http::field::host, beast_view(host_of(service, usual_port)));
    return request;
}

// A device's buffer for one answer.
inline constexpr std::size_t answer_bytes_max =
    limits::http_header_bytes_max + http_answer_bytes_max;

} // namespace tocsin::net
