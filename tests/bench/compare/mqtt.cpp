// MQTT 3.1.1 with QoS 1: a recipient's session is kept, a sender's is not.
#include "tests/bench/compare/big_endian.hpp"
#include "tests/bench/compare/connection.hpp"

#include <optional>
#include <stdexcept>
#include <vector>

namespace tocsin::bench::compare {

namespace {

enum PacketKind : unsigned char {
    connack = 2,
    publish_packet = 3,
    puback = 4,
    suback = 9,
};

constexpr std::string_view alerts_topic = "a/0";
constexpr char qos = 1;

struct Packet {
    unsigned char head = 0;
    std::string_view body;
    std::size_t bytes = 0; // head and length included
};

void put_length(std::string& out, std::size_t length)
{
    do {
        const std::size_t low = length & 127;
        length >>= 7;
        out.push_back(static_cast<char>(length > 0 ? low | 128 : low));
    } while (length > 0);
}

void put_text(std::string& out, std::string_view text)
{
    put<std::uint16_t>(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

std::optional<Packet> first_packet(std::string_view in)
{
    std::size_t length = 0;
    std::size_t at = 1;
    for (int shift = 0;; shift += 7) {
        if (at >= in.size()) return {};
        const auto byte = static_cast<unsigned char>(in[at++]);
        length |= static_cast<std::size_t>(byte & 127) << shift;
        if ((byte & 128) == 0) break;
    }
    if (in.size() - at < length) return {};
    return Packet{.head = static_cast<unsigned char>(in[0]),
                  .body = in.substr(at, length),
                  .bytes = at + length};
}

class Mqtt final : public Protocol {
public:
    using Protocol::Protocol;

    void start() override
    {
        constexpr char clean_session = 2;
        std::string body;
        put_text(body, "MQTT");
        body.push_back(4);
        body.push_back(receives() ? 0 : clean_session);
        put<std::uint16_t>(body, 0); // no keep-alive
        const char* role = receives() ? "r" : client_.role == Role::sender ? "s" : "i";
        put_text(body, role + std::to_string(client_.index));
        send(0x10, body);
    }

    void publish(std::uint64_t number, std::string_view payload) override
    {
        if (++packet_id_ == 0) packet_id_ = 1;
        if (numbers_.empty()) numbers_.resize(65536);
        numbers_[packet_id_] = number;
        std::string head;
        put_text(head, alerts_topic);
        put<std::uint16_t>(head, packet_id_);
        std::string packet;
        packet.push_back(0x30 | qos << 1);
        put_length(packet, head.size() + payload.size());
        connection_.put(packet + head);
        connection_.put(payload);
    }

    std::size_t parse(std::string_view received) override
    {
        std::size_t used = 0;
        while (!connection_.is_closed()) {
            const auto packet = first_packet(received.substr(used));
            if (!packet) break;
            used += packet->bytes;
            on(*packet);
        }
        return used;
    }

    void leave() override { connection_.put(std::string_view("\xe0\0", 2)); }

private:
    void send(char head, std::string_view body)
    {
        std::string packet(1, head);
        put_length(packet, body.size());
        packet.append(body);
        connection_.put(packet);
    }

    void subscribe(std::string_view topic)
    {
        std::string body;
        put<std::uint16_t>(body, 1);
        put_text(body, topic);
        body.push_back(qos);
        send(static_cast<char>(0x82), body);
    }

    void become_ready()
    {
        connection_.ready = true;
        listener_.on_ready(connection_);
    }

    void on(const Packet& packet)
    {
        switch (packet.head >> 4) {
        case connack:
            if (packet.body.at(1) != 0) throw std::runtime_error("the login was refused");
            if (receives()) return subscribe(alerts_topic);
            if (client_.role == Role::idle) return subscribe("u/" + std::to_string(client_.index));
            return become_ready();
        case suback:
            if (packet.body.at(2) != qos) throw std::runtime_error("the subscription was refused");
            return become_ready();
        case publish_packet: {
            const std::size_t topic_end = 2U + get<std::uint16_t>(packet.body, 0);
            const std::string_view id = packet.body.substr(topic_end, 2);
            listener_.on_delivered(connection_, packet.body.substr(topic_end + 2));
            return send(0x40, id);
        }
        case puback:
            return listener_.on_confirmed(connection_,
                                          numbers_.at(get<std::uint16_t>(packet.body, 0)));
        default:
            return;
        }
    }

    std::uint16_t packet_id_ = 0;
    std::vector<std::uint64_t> numbers_; // by packet id
};

} // namespace

std::unique_ptr<Protocol> make_mqtt(Connection& connection, Listener& listener, Client client)
{
    return std::make_unique<Mqtt>(connection, listener, client);
}

} // namespace tocsin::bench::compare
