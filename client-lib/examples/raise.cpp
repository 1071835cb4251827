// Raises an alert from an open key store and waits until a person has answered, or a minute is
// over.
//
//     raise HOME "what happened"
//
// The alert is on this machine's disk before anything is sent: whatever happens afterwards, running
// a client on the same HOME sends it.
#include <tocsin/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<int> raise_alert(tocsin::Device& device, tocsin::AlertId id)
{
    tocsin::Client client(co_await asio::this_coro::executor, device);
    const tocsin::Result<tocsin::ReceiptFacts> receipt = co_await client.submit(id);
    if (!receipt) {
        std::cerr << "not confirmed yet: " << receipt.error().message()
                  << "; it is saved and will be sent again\n";
        co_return 1;
    }
    std::cout << "the relay has it\n";
    const auto give_up = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < give_up) {
        const tocsin::Result<tocsin::ClientEvent> event = co_await client.next(5s);
        if (!event || event->alert != id) continue;
        const tocsin::Result<tocsin::AlertStatus> status = device.status(id);
        if (!status || status->progress < tocsin::Progress::with_device) continue;
        if (status->progress == tocsin::Progress::with_device) {
            std::cout << "a device has it\n";
            continue;
        }
        std::cout << "answered\n";
        co_await client.stop();
        co_return 0;
    }
    std::cout << "nobody has answered yet; the calling goes on\n";
    co_await client.stop();
    co_return 0;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: raise HOME TEXT\n";
        return 2;
    }
    tocsin::Result<tocsin::Device> device = tocsin::Device::open(argv[1]);
    if (!device) {
        std::cerr << argv[1] << ": " << device.error().message() << '\n';
        return 1;
    }
    tocsin::AlertContent content;
    content.category = tocsin::Category::other;
    content.text = argv[2];
    const tocsin::Result<tocsin::AlertId> id = device->save(content);
    if (!id) {
        std::cerr << "not saved: " << id.error().message() << '\n';
        return 1;
    }
    std::cout << "saved here\n";

    int exit_code = 1;
    asio::io_context io(1);
    asio::co_spawn(io, raise_alert(*device, *id), [&](std::exception_ptr thrown, int code) {
        if (thrown) std::rethrow_exception(thrown);
        exit_code = code;
        io.stop(); // the client is gone; what it left in the queue may go too
    });
    io.run();
    return exit_code;
}
