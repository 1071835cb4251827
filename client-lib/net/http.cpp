#include "client-lib/net/http.hpp"

#include "client-lib/net/connect.hpp"
#include "client-lib/net/http_messages.hpp"
#include "client-lib/net/tls_stream.hpp"

namespace tocsin::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::uint16_t http_port = 80;

// What is under way on one socket; shared, so that a deadline may close it.
struct Talk {
    explicit Talk(tcp::socket connected) : socket(std::move(connected)) {}
    void close() noexcept
    {
        error_code ignored;
        socket.close(ignored);
    }
    tcp::socket socket;
    beast::flat_buffer buffer{answer_bytes_max};
};

asio::awaitable<Result<void>> serve(std::shared_ptr<Talk> talk, AnswerHttp answer)
{
    const Result<Request> request = co_await receive(talk->socket, talk->buffer);
    if (!request) co_return request.error();
    HttpResponse said = answer(request_of(*request));
    auto sent = co_await respond(talk->socket, request->method(), std::move(said));
    if (!sent) co_return sent;
    error_code ignored;
    talk->socket.shutdown(tcp::socket::shutdown_send, ignored);
    co_return Result<void>();
}

asio::awaitable<Result<HttpResponse>> get_on(std::shared_ptr<Talk> talk, Endpoint service,
                                             std::string target)
{
    const auto request = get_request(service, http_port, target);
    co_return co_await ask(talk->socket, talk->buffer, request);
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
        co_await with_deadline(get_on(talk, std::move(service), std::move(target)), *talk, left);
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
