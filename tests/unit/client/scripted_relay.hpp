// A relay in the test's own thread, on loopback: honest unless the test tells it to lie. It keeps
// no rules of escalation; the test writes the history.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"
#include "client-lib/net/websocket.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace tocsin::test {

namespace asio = boost::asio;

struct RelayState {
    crypto::SignKey receipt_key = crypto::SignKey::generate();
    crypto::BoxKey box_key = crypto::BoxKey::generate();
    Bytes bundle;
    std::optional<protocol::RoutingView> routing{};
    std::map<Digest, Bytes> join_answers;
    std::map<MailboxId, Bytes> prekeys;
    // Not copied with the rest: keys are move-only.
    [[nodiscard]] RelayState clone() const;
};

class ScriptedRelay {
public:
    // `certificates` holds the files cert and key.
    ScriptedRelay(asio::io_context& io, RelayState state,
                  const std::filesystem::path& certificates);
    ~ScriptedRelay();

    [[nodiscard]] std::string address() const;
    void drop_links();
    [[nodiscard]] std::size_t links() const { return sessions_.size(); }

    // Told before the answer; what it returns is said instead.
    using Twist =
        std::function<std::optional<protocol::RelayMessage>(const protocol::DeviceMessage&)>;
    Twist twist;
    // Called with a join request; returns the sealed answer.
    std::function<Bytes(const Digest& invitation, const Bytes& box)> admit;
    bool prove_wrongly = false;
    bool hang_up_on_submit = false;

    struct Held {
        Bytes envelope;
        protocol::Envelope parsed;
        std::vector<protocol::JournalRow> rows;
        Digest head;
        protocol::Receipt receipt;
    };
    std::map<AlertId, Held> alerts;
    std::vector<Bytes> submitted;                     // every Submit's bytes, in order
    std::vector<protocol::DeviceMessage> heard;       // everything but heartbeats
    std::vector<protocol::DeviceMessage> first_heard; // of each link
    RelayState state;

    template <class Message>
    [[nodiscard]] std::size_t count() const
    {
        std::size_t found = 0;
        for (const protocol::DeviceMessage& message : heard)
            found += std::holds_alternative<Message>(message) ? 1 : 0;
        return found;
    }
    template <class Message>
    [[nodiscard]] std::optional<Message> last() const
    {
        for (auto message = heard.rbegin(); message != heard.rend(); ++message)
            if (const auto* found = std::get_if<Message>(&*message)) return *found;
        return std::nullopt;
    }

    // To every link.
    void push(const protocol::RelayMessage& message);
    // A row of an alert's history, pushed to every link.
    void append(const AlertId& id, std::vector<Event> events, Bytes body = {});
    // The same, not added: what only `rows` below shows.
    [[nodiscard]] protocol::JournalRow row(const AlertId& id, std::vector<Event> events,
                                           Bytes body = {}) const;
    void deliver(const AlertId& id, std::uint16_t slot);
    [[nodiscard]] protocol::Deliver delivery(const AlertId& id, std::uint16_t slot) const;

private:
    struct Session;
    using SessionPtr = std::shared_ptr<Session>;

    static asio::awaitable<void> listen(ScriptedRelay& self, std::shared_ptr<bool> over);
    static asio::awaitable<void> serve(ScriptedRelay& self, std::shared_ptr<bool> over,
                                       asio::ip::tcp::socket socket);
    static asio::awaitable<void> write(SessionPtr session);
    [[nodiscard]] Result<net::HttpHeaders> prove(const net::HttpRequest& request,
                                                 const net::ChannelBinding& binding,
                                                 Digest& auth_hash) const;
    [[nodiscard]] bool knows(const Digest& auth_hash) const;
    std::optional<protocol::RelayMessage> answer(const SessionPtr& session,
                                                 const protocol::DeviceMessage& message);
    protocol::RelayMessage take(const protocol::Submit& submit);
    protocol::RelayMessage follow(const SessionPtr& session, const protocol::Follow& follow);
    static void say(const SessionPtr& session, std::uint64_t request,
                    protocol::RelayMessage message);

    asio::io_context& io_;
    asio::ip::tcp::acceptor acceptor_;
    net::TlsContext tls_;
    std::shared_ptr<bool> over_ = std::make_shared<bool>(false);
    std::vector<SessionPtr> sessions_;
};

} // namespace tocsin::test
