// AMQP 0-9-1: a fanout exchange, a quorum queue for each recipient, persistent messages, publisher
// confirms, acknowledgements one by one.
#include "tests/bench/compare/big_endian.hpp"
#include "tests/bench/compare/connection.hpp"

#include <deque>
#include <limits>
#include <stdexcept>
#include <utility>

namespace tocsin::bench::compare {

namespace {

constexpr std::string_view exchange = "alerts";
constexpr std::uint16_t prefetch = 1000;
constexpr std::size_t frame_head_bytes = 7;

enum FrameKind : char { method_frame = 1, header_frame = 2, body_frame = 3, heartbeat_frame = 8 };

// Class and method of what is sent and received, as one number: 1000 * class + method.
enum Method : unsigned {
    connection_start = 10010,
    connection_start_ok = 10011,
    connection_tune = 10030,
    connection_tune_ok = 10031,
    connection_open = 10040,
    connection_open_ok = 10041,
    connection_close = 10050,
    channel_open = 20010,
    channel_open_ok = 20011,
    channel_close = 20040,
    exchange_declare = 40010,
    exchange_declare_ok = 40011,
    queue_declare = 50010,
    queue_declare_ok = 50011,
    queue_bind = 50020,
    queue_bind_ok = 50021,
    basic_qos = 60010,
    basic_qos_ok = 60011,
    basic_consume = 60020,
    basic_consume_ok = 60021,
    basic_publish = 60040,
    basic_deliver = 60060,
    basic_ack = 60080,
    basic_nack = 60120,
    confirm_select = 85010,
    confirm_select_ok = 85011,
};

// The arguments of a method, written one after another.
class Arguments {
public:
    explicit Arguments(Method method)
    {
        u16(static_cast<std::uint16_t>(method / 1000));
        u16(static_cast<std::uint16_t>(method % 1000));
    }
    Arguments& u8(char value)
    {
        bytes_.push_back(value);
        return *this;
    }
    Arguments& u16(std::uint16_t value)
    {
        put<std::uint16_t>(bytes_, value);
        return *this;
    }
    Arguments& u32(std::uint32_t value)
    {
        put<std::uint32_t>(bytes_, value);
        return *this;
    }
    Arguments& u64(std::uint64_t value)
    {
        put<std::uint64_t>(bytes_, value);
        return *this;
    }
    Arguments& short_text(std::string_view text)
    {
        bytes_.push_back(static_cast<char>(text.size()));
        bytes_.append(text);
        return *this;
    }
    Arguments& long_text(std::string_view text)
    {
        u32(static_cast<std::uint32_t>(text.size()));
        bytes_.append(text);
        return *this;
    }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    std::string bytes_;
};

class Amqp final : public Protocol {
public:
    using Protocol::Protocol;

    void start() override { connection_.put(std::string_view("AMQP\0\0\x09\x01", 8)); }

    void publish(std::uint64_t number, std::string_view payload) override
    {
        unconfirmed_.push_back(number);
        call(Arguments(basic_publish).u16(0).short_text(exchange).short_text("").u8(0));
        constexpr std::uint16_t has_delivery_mode = 0x1000;
        constexpr char persistent = 2;
        std::string header;
        put<std::uint16_t>(header, 60);
        put<std::uint16_t>(header, 0);
        put<std::uint64_t>(header, payload.size());
        put<std::uint16_t>(header, has_delivery_mode);
        header.push_back(persistent);
        send(header_frame, 1, header);
        send(body_frame, 1, payload);
    }

    std::size_t parse(std::string_view received) override
    {
        std::size_t used = 0;
        while (received.size() - used > frame_head_bytes && !connection_.is_closed()) {
            const std::size_t size = get<std::uint32_t>(received, used + 3);
            if (received.size() - used < frame_head_bytes + size + 1) break;
            const std::string_view body = received.substr(used + frame_head_bytes, size);
            const char kind = received[used];
            used += frame_head_bytes + size + 1;
            on_frame(kind, body);
        }
        return used;
    }

private:
    static constexpr std::uint64_t confirmed_already = std::numeric_limits<std::uint64_t>::max();

    void send(FrameKind kind, std::uint16_t channel, std::string_view body)
    {
        std::string frame(1, kind);
        put<std::uint16_t>(frame, channel);
        put<std::uint32_t>(frame, static_cast<std::uint32_t>(body.size()));
        frame.append(body);
        frame.push_back('\xce');
        connection_.put(frame);
    }
    void call(const Arguments& arguments) { send(method_frame, 1, arguments.bytes()); }
    void call_unchannelled(const Arguments& arguments) { send(method_frame, 0, arguments.bytes()); }

    [[nodiscard]] std::string queue() const { return "q" + std::to_string(client_.index); }

    void become_ready()
    {
        connection_.ready = true;
        listener_.on_ready(connection_);
    }

    void on_frame(char kind, std::string_view body)
    {
        switch (kind) {
        case method_frame:
            return on_method(static_cast<Method>(get<std::uint16_t>(body, 0) * 1000U +
                                                 get<std::uint16_t>(body, 2)),
                             body.substr(4));
        case header_frame:
            body_bytes_ = get<std::uint64_t>(body, 4);
            return body_.clear();
        case body_frame:
            body_.append(body);
            if (body_.size() < body_bytes_) return;
            listener_.on_delivered(connection_, body_);
            return call(Arguments(basic_ack).u64(delivery_tag_).u8(0));
        case heartbeat_frame:
            return send(heartbeat_frame, 0, "");
        default:
            return;
        }
    }

    void on_method(Method method, std::string_view arguments)
    {
        switch (method) {
        case basic_deliver:
            delivery_tag_ = get<std::uint64_t>(arguments, 1U + get<std::uint8_t>(arguments, 0));
            return;
        case basic_ack:
            return on_ack(get<std::uint64_t>(arguments, 0), arguments.at(8) != 0);
        case basic_nack:
            throw std::runtime_error("amqp: an alert was refused");
        case connection_close:
        case channel_close:
            throw std::runtime_error("amqp: closed: " + std::string(arguments.substr(2)));
        default:
            return set_up(method, arguments);
        }
    }

    void set_up(Method done, std::string_view arguments)
    {
        constexpr char durable = 2;
        switch (done) {
        case connection_start:
            return call_unchannelled(Arguments(connection_start_ok)
                                         .u32(0)
                                         .short_text("PLAIN")
                                         .long_text(std::string_view("\0guest\0guest", 12))
                                         .short_text("en_US"));
        case connection_tune:
            call_unchannelled(Arguments(connection_tune_ok)
                                  .u16(get<std::uint16_t>(arguments, 0))
                                  .u32(get<std::uint32_t>(arguments, 2))
                                  .u16(0)); // no heartbeat
            return call_unchannelled(
                Arguments(connection_open).short_text("/").short_text("").u8(0));
        case connection_open_ok:
            if (client_.role == Role::idle || client_.role == Role::visitor) return become_ready();
            return call(Arguments(channel_open).short_text(""));
        case channel_open_ok:
            if (client_.role == Role::sender) return call(Arguments(confirm_select).u8(0));
            return call(Arguments(exchange_declare)
                            .u16(0)
                            .short_text(exchange)
                            .short_text("fanout")
                            .u8(durable)
                            .u32(0));
        case exchange_declare_ok: {
            std::string table;
            constexpr std::string_view key = "x-queue-type";
            table.push_back(static_cast<char>(key.size()));
            table.append(key);
            table.push_back('S');
            put<std::uint32_t>(table, 6);
            table.append("quorum");
            return call(
                Arguments(queue_declare).u16(0).short_text(queue()).u8(durable).long_text(table));
        }
        case queue_declare_ok:
            return call(Arguments(queue_bind)
                            .u16(0)
                            .short_text(queue())
                            .short_text(exchange)
                            .short_text("")
                            .u8(0)
                            .u32(0));
        case queue_bind_ok:
            if (client_.role == Role::registering) return become_ready();
            return call(Arguments(basic_qos).u32(0).u16(prefetch).u8(0));
        case basic_qos_ok:
            return call(
                Arguments(basic_consume).u16(0).short_text(queue()).short_text("").u8(0).u32(0));
        case basic_consume_ok:
        case confirm_select_ok:
            return become_ready();
        default:
            return;
        }
    }

    // Without `multiple` they come in any order.
    void on_ack(std::uint64_t tag, bool multiple)
    {
        for (std::uint64_t one = multiple ? first_tag_ : tag; one <= tag; ++one) {
            const std::uint64_t number =
                std::exchange(unconfirmed_.at(one - first_tag_), confirmed_already);
            if (number != confirmed_already) listener_.on_confirmed(connection_, number);
        }
        while (!unconfirmed_.empty() && unconfirmed_.front() == confirmed_already) {
            unconfirmed_.pop_front();
            ++first_tag_;
        }
    }

    std::deque<std::uint64_t> unconfirmed_; // numbers by tag, the first one's being first_tag_
    std::uint64_t first_tag_ = 1;
    std::uint64_t delivery_tag_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::string body_;
};

} // namespace

std::unique_ptr<Protocol> make_amqp(Connection& connection, Listener& listener, Client client)
{
    return std::make_unique<Amqp>(connection, listener, client);
}

} // namespace tocsin::bench::compare
