#include "tests/bench/compare/connection.hpp"
#include "tests/bench/compare/floor_frame.hpp"

namespace tocsin::bench::compare {

namespace {

class Floor final : public Protocol {
public:
    using Protocol::Protocol;

    void start() override
    {
        if (client_.role == Role::sender || receives()) return send_hello();
        send({.kind = FrameKind::ping});
    }

    void publish(std::uint64_t number, std::string_view payload) override
    {
        send({.kind = FrameKind::publish, .number = number, .body = payload});
    }

    std::size_t parse(std::string_view received) override
    {
        return for_each_frame(received, [this](const Frame& frame) { on(frame); });
    }

private:
    void send(const Frame& frame)
    {
        std::string bytes;
        append_frame(bytes, frame);
        connection_.put(bytes);
    }

    void send_hello()
    {
        Hello hello{.who = Hello::sender, .index = static_cast<std::uint32_t>(client_.index)};
        if (client_.role == Role::recipient) hello.who = Hello::recipient;
        if (client_.role == Role::registering) hello.who = Hello::registering;
        send({.kind = FrameKind::hello,
              .body = {reinterpret_cast<const char*>(&hello), sizeof hello}});
    }

    void on(const Frame& frame)
    {
        if (connection_.is_closed()) return;
        switch (frame.kind) {
        case FrameKind::hello:
        case FrameKind::ping:
            connection_.ready = true;
            return listener_.on_ready(connection_);
        case FrameKind::confirm:
            return listener_.on_confirmed(connection_, frame.number);
        case FrameKind::deliver:
            listener_.on_delivered(connection_, frame.body);
            return send({.kind = FrameKind::acknowledge, .number = frame.number});
        default:
            return;
        }
    }
};

} // namespace

std::unique_ptr<Protocol> make_floor(Connection& connection, Listener& listener, Client client)
{
    return std::make_unique<Floor>(connection, listener, client);
}

} // namespace tocsin::bench::compare
