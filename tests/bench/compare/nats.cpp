// NATS with JetStream: one stream in files, a durable push consumer for each recipient,
// acknowledged one by one; an alert is confirmed by the stream's reply.
#include "tests/bench/compare/connection.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace tocsin::bench::compare {

namespace {

constexpr std::string_view line_end = "\r\n";

// Ids of subscriptions.
constexpr std::string_view inbox_id = "1";
constexpr std::string_view delivery_id = "3";

struct Message {
    std::string_view subject;
    std::string_view subscription;
    std::string_view reply;
    std::string_view body;
};

std::uint64_t number_in(std::string_view text)
{
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// "MSG subject id [reply] size", and how many bytes follow the line.
std::pair<Message, std::size_t> message_line(std::string_view line)
{
    std::array<std::string_view, 5> words{};
    std::size_t count = 0;
    for (std::size_t at = 0; at < line.size() && count < words.size(); ++count) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        words[count] = line.substr(at, end - at);
        at = end + 1;
    }
    Message message{.subject = words[1], .subscription = words[2], .reply = {}, .body = {}};
    if (count == 5) message.reply = words[3];
    return {message, number_in(words[count - 1])};
}

class Nats final : public Protocol {
public:
    using Protocol::Protocol;

    void start() override
    {
        connection_.put(R"(CONNECT {"verbose":false,"pedantic":false,"tls_required":true,)"
                        R"("name":"load","lang":"c","version":"1","protocol":1})"
                        "\r\n");
        if (client_.role == Role::visitor) return say("PING");
        if (client_.role == Role::idle) {
            say("SUB u." + std::to_string(client_.index) + " 1");
            return say("PING");
        }
        inbox_ = (receives() ? "_I.r" : "_I.s") + std::to_string(client_.index) + ".";
        say("SUB " + inbox_ + "* " + std::string(inbox_id));
        if (client_.role == Role::sender) return say("PING");
        step_ = Step::stream;
        send("$JS.API.STREAM.CREATE.ALERTS", inbox_ + "1",
             R"({"name":"ALERTS","subjects":["a.*"],"retention":"limits","storage":"file",)"
             R"("num_replicas":1,"max_msgs":-1,"max_bytes":-1,"discard":"old",)"
             R"("duplicate_window":0})");
    }

    void publish(std::uint64_t number, std::string_view payload) override
    {
        send("a.0", inbox_ + std::to_string(number), payload);
    }

    std::size_t parse(std::string_view received) override
    {
        std::size_t used = 0;
        while (!connection_.is_closed()) {
            const std::size_t end = received.find(line_end, used);
            if (end == std::string_view::npos) break;
            const std::string_view line = received.substr(used, end - used);
            const std::size_t body = end + line_end.size();
            if (!line.starts_with("MSG ")) {
                used = body;
                on_line(line);
                continue;
            }
            auto [message, size] = message_line(line);
            if (received.size() < body + size + line_end.size()) break;
            used = body + size + line_end.size();
            message.body = received.substr(body, size);
            on(message);
        }
        return used;
    }

private:
    enum class Step { none, stream, consumer };

    void say(const std::string& line) { connection_.put(line + "\r\n"); }

    void send(std::string_view subject, std::string_view reply, std::string_view body)
    {
        std::string head = "PUB ";
        head.append(subject).append(" ");
        if (!reply.empty()) head.append(reply).append(" ");
        head.append(std::to_string(body.size())).append(line_end);
        connection_.put(head);
        connection_.put(body);
        connection_.put(line_end);
    }

    void on_line(std::string_view line)
    {
        if (line == "PING") return say("PONG");
        if (line.starts_with("-ERR")) throw std::runtime_error("nats: " + std::string(line));
        if (line != "PONG" || connection_.ready) return;
        connection_.ready = true;
        listener_.on_ready(connection_);
    }

    void on(const Message& message)
    {
        if (client_.role == Role::sender) {
            if (message.body.find("\"error\"") != std::string_view::npos)
                throw std::runtime_error("nats: " + std::string(message.body));
            const std::string_view number = message.subject.substr(message.subject.rfind('.') + 1);
            return listener_.on_confirmed(connection_, number_in(number));
        }
        if (message.subscription == inbox_id) return set_up(message.body);
        if (message.subscription != delivery_id || message.body.empty()) return;
        listener_.on_delivered(connection_, message.body);
        send(message.reply, "", "+ACK");
    }

    // The answer to making the stream, then to making the consumer; both may be there already.
    void set_up(std::string_view answer)
    {
        if (answer.find("\"error\"") != std::string_view::npos &&
            answer.find("already") == std::string_view::npos)
            throw std::runtime_error("nats: " + std::string(answer));
        const std::string name = "r" + std::to_string(client_.index);
        if (step_ == Step::stream) {
            step_ = Step::consumer;
            const std::string config =
                R"({"stream_name":"ALERTS","config":{"durable_name":")" + name +
                R"(","deliver_subject":"d.)" + name +
                R"(","deliver_policy":"all","ack_policy":"explicit","ack_wait":60000000000,)"
                R"("max_ack_pending":20000,"filter_subject":"a.0","replay_policy":"instant"}})";
            return send("$JS.API.CONSUMER.DURABLE.CREATE.ALERTS." + name, inbox_ + "2", config);
        }
        if (step_ != Step::consumer) return;
        step_ = Step::none;
        if (client_.role == Role::recipient) say("SUB d." + name + " " + std::string(delivery_id));
        say("PING");
    }

    std::string inbox_;
    Step step_ = Step::none;
};

} // namespace

std::unique_ptr<Protocol> make_nats(Connection& connection, Listener& listener, Client client)
{
    return std::make_unique<Nats>(connection, listener, client);
}

} // namespace tocsin::bench::compare
