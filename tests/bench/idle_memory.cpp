// Budget: an idle link costs the relay at most 21 KiB of resident memory, and a peer that has not
// proved itself at most 64 KiB, however far it goes before it stops.
//
//   idle_memory [connections] [stage]      stage: link (default), hello, handshake, head
//
// The peers live in a child process, so that only the relay's side is measured.
#include "client-lib/net/websocket.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
namespace net = tocsin::net;
using asio::ip::tcp;
using namespace std::chrono_literals;

enum class Stage { link, hello, handshake, head };

struct Relay {
    explicit Relay(const std::filesystem::path& folder)
        : tls(net::TlsContext::server(folder / "cert", folder / "key").value())
    {
    }
    asio::io_context io{1};
    tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    net::TlsContext tls;
    int accepted = 0;
    int linked = 0;
};

// A coroutine of its own: the request is gone once the link is open.
asio::awaitable<tocsin::Result<net::WebSocket>> open_link(Relay* relay, tcp::socket socket)
{
    net::ServerConnection connection(std::move(socket), relay->tls);
    auto request = co_await connection.read_request(10min);
    if (!request) co_return request.error();
    net::HttpHeaders proof{{"X-Tocsin-Proof", std::string(64, 'p')}};
    co_return co_await connection.accept_websocket(std::move(proof), 10s);
}

asio::awaitable<void> serve(Relay* relay, tcp::socket socket)
{
    auto link = co_await open_link(relay, std::move(socket));
    if (!link) co_return;
    ++relay->linked;
    for (;;) {
        auto message = co_await link->read(10min);
        if (!message) co_return;
    }
}

void rethrow(std::exception_ptr failure)
{
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> listen(Relay* relay)
{
    for (;;) {
        auto strand = asio::make_strand(relay->io);
        auto [ec, socket] =
            co_await relay->acceptor.async_accept(strand, asio::as_tuple(asio::use_awaitable));
        if (ec) co_return;
        ++relay->accepted;
        asio::co_spawn(strand, serve(relay, tcp::socket(std::move(socket))), rethrow);
    }
}

// ---- the peers

int connect_to(std::uint16_t port)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        std::abort();
    const int on = 1; // Else the request waits for the kernel's delayed acknowledgement.
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void send_all(int fd, std::string_view bytes)
{
    if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        std::abort();
}

// A ClientHello as large as it may be, but for its last byte.
std::string unfinished_hello()
{
    constexpr std::size_t size = 8192;
    std::string hello("\x16\x03\x01\x20\x04\x01\x00\x20\x00\x03\x03", 11);
    hello.append(5 + 4 + size - hello.size() - 1, 'x');
    return hello;
}

void stop_at(Stage stage, SSL_CTX* context, std::uint16_t port)
{
    const int fd = connect_to(port);
    if (stage == Stage::hello) return send_all(fd, unfinished_hello());
    SSL* ssl = SSL_new(context);
    if (stage == Stage::handshake) {
        BIO* out = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
        SSL_connect(ssl);
        char* hello = nullptr;
        const long size = BIO_get_mem_data(out, &hello);
        return send_all(fd, {hello, static_cast<std::size_t>(size)});
    }
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) std::abort();
    std::string request = "GET /v1/link HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Protocol: tocsin.v1\r\nX-Tocsin-Proof: " +
                          std::string(128, 'p') + "\r\n";
    if (stage == Stage::head)
        request +=
            "X: " + std::string(tocsin::limits::http_header_bytes_max - 16 - request.size(), 'x');
    else
        request += "\r\n";
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    char answer[1024];
    if (stage == Stage::link && SSL_read(ssl, answer, sizeof answer) <= 0) std::abort();
    // What the peers keep is not measured; they live as long as their process.
}

[[noreturn]] void be_peers(int count, Stage stage, std::uint16_t port)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set1_groups_list(context, "X25519");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    for (int i = 0; i < count; ++i)
        stop_at(stage, context, port);
    for (;;)
        ::pause();
}

// ---- measuring

double resident_kib()
{
    std::ifstream statm("/proc/self/statm");
    long total = 0;
    long resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double cpu_us()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return 1e6 * static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

// Until all have come and nothing has happened for a moment.
void run_until_quiet(Relay& relay, int count, Stage stage)
{
    const auto end = std::chrono::steady_clock::now() + 2min;
    for (;;) {
        const bool all = stage == Stage::link ? relay.linked == count : relay.accepted == count;
        const auto handled = relay.io.run_one_for(200ms);
        if (all && handled == 0) return;
        if (std::chrono::steady_clock::now() > end) std::abort();
    }
}

} // namespace

int main(int argc, char** argv)
{
    const int count = argc > 1 ? std::atoi(argv[1]) : 500;
    const std::string_view name = argc > 2 ? argv[2] : "link";
    const Stage stage = name == "hello"       ? Stage::hello
                        : name == "handshake" ? Stage::handshake
                        : name == "head"      ? Stage::head
                                              : Stage::link;
    std::string folder = (std::filesystem::temp_directory_path() / "tocsin-idle-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return 2;
    if (!net::make_self_signed(folder + "/cert", folder + "/key", "relay.example", 1)) return 2;
    Relay relay(folder);
    std::filesystem::remove_all(folder);

    // One connection first, so that what is made once is not counted.
    asio::co_spawn(relay.io, listen(&relay), rethrow);
    const std::uint16_t port = relay.acceptor.local_endpoint().port();
    const pid_t first = ::fork();
    if (first == 0) be_peers(1, Stage::link, port);
    run_until_quiet(relay, 1, Stage::link);
    relay.accepted = relay.linked = 0;

    const double resident = resident_kib();
    const double cpu = cpu_us();
    const pid_t peers = ::fork();
    if (peers == 0) be_peers(count, stage, port);
    run_until_quiet(relay, count, stage);
    const double kib = (resident_kib() - resident) / count;
    const double us = (cpu_us() - cpu) / count;
    std::printf("{\"connections\":%d,\"stage\":\"%.*s\",\"kib_per_connection\":%.2f,"
                "\"cpu_us_per_connection\":%.1f}\n",
                count, static_cast<int>(name.size()), name.data(), kib, us);
    for (const pid_t child : {first, peers}) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    const double budget = stage == Stage::link ? 21 : 64;
    return kib <= budget ? 0 : 1;
}
