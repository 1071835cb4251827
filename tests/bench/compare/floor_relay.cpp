// The least that a relay can do, to know how much of the machine is left: it writes and syncs
// alerts by the group, then confirms them and fans them out; logs acknowledgements the same way and
// tells the sender of the last. It checks no signature, knows nobody, escalates nothing: not a
// product.
//
//   tocsin_floor_relay PORT CERTIFICATE KEY LOG
#include "tests/bench/compare/floor_frame.hpp"
#include "tests/bench/compare/floor_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/write.hpp>

#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

namespace {

namespace asio = boost::asio;
using namespace tocsin::bench::compare;
using asio::ip::tcp;
using boost::system::error_code;

class Session;

struct Alert {
    std::uint64_t id = 0;
    std::uint64_t number = 0; // the sender's
    std::uint32_t recipients = 0;
    std::uint32_t acknowledged = 0;
    std::weak_ptr<Session> sender{};
    std::string body{};
};

using AlertPtr = std::shared_ptr<Alert>;

class Relay {
public:
    explicit Relay(const char* log);

    void hello(Session& session);
    void publish(Session& session, std::uint64_t number, std::string_view body);
    void acknowledge(Session& session, std::uint64_t id);
    void leave(const Session& session);

    asio::io_context io{1};

private:
    void recover(const Record& record, std::string_view body);
    void stored(const AlertPtr& alert);
    void acknowledged(const AlertPtr& alert);
    void deliver_to(Session& session);

    std::map<std::uint64_t, AlertPtr> waiting_; // for somebody, stored; by id
    std::unordered_map<std::uint64_t, AlertPtr> open_;
    std::map<std::uint32_t, std::shared_ptr<Session>> here_; // recipients, by their bit
    std::uint32_t known_ = 0;                                // all recipients' bits
    std::uint64_t next_id_ = 1;
    FloorLog log_; // last: its thread ends first
};

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Relay& relay, tcp::socket socket, asio::ssl::context& tls)
        : relay_(relay),
          stream_(std::move(socket), tls),
          buffer_(16384)
    {
    }

    void start()
    {
        stream_.async_handshake(asio::ssl::stream_base::server,
                                [self = shared_from_this()](error_code error) {
                                    if (!error) self->read();
                                });
    }

    void send(const Frame& frame)
    {
        append_frame(out_, frame);
        write();
    }

    [[nodiscard]] bool is_lost() const { return lost_; }

    std::optional<std::uint32_t> bit; // of a recipient
    std::uint64_t cursor = 0;         // the last alert it was given
    std::size_t unacknowledged = 0;

private:
    void read()
    {
        stream_.async_read_some(
            asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
                if (error) return self->lose();
                self->in_.append(self->buffer_.data(), size);
                const std::size_t used =
                    for_each_frame(self->in_, [&](const Frame& frame) { self->on(frame); });
                self->in_.erase(0, used);
                self->read();
            });
    }

    // What is sent while a write is under way goes out together with the next.
    void write()
    {
        if (writing_ || out_.empty() || lost_) return;
        writing_ = true;
        under_way_.clear();
        under_way_.swap(out_);
        asio::async_write(stream_, asio::buffer(under_way_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              self->writing_ = false;
                              if (error) return self->lose();
                              self->write();
                          });
    }

    void lose()
    {
        lost_ = true;
        relay_.leave(*this);
    }

    void on(const Frame& frame)
    {
        switch (frame.kind) {
        case FrameKind::hello: {
            Hello hello;
            std::memcpy(&hello, frame.body.data(), std::min(sizeof hello, frame.body.size()));
            send({.kind = FrameKind::hello});
            if (hello.who == Hello::sender) return;
            bit = 1U << hello.index;
            is_registering_ = hello.who == Hello::registering;
            return relay_.hello(*this);
        }
        case FrameKind::publish:
            return relay_.publish(*this, frame.number, frame.body);
        case FrameKind::acknowledge:
            return relay_.acknowledge(*this, frame.number);
        default:
            return send({.kind = FrameKind::ping});
        }
    }

    friend class Relay;

    Relay& relay_;
    asio::ssl::stream<tcp::socket> stream_;
    std::vector<char> buffer_;
    std::string in_;
    std::string out_;
    std::string under_way_;
    bool writing_ = false;
    bool lost_ = false;
    bool is_registering_ = false;
};

// A recipient is given so many alerts before it acknowledges some.
constexpr std::size_t unacknowledged_max = 512;

Relay::Relay(const char* log)
    : log_(log, [this](std::vector<FloorLog::Done> group) {
          asio::post(io, [group = std::move(group)] {
              for (const FloorLog::Done& done : group)
                  done();
          });
      })
{
    log_.read([this](const Record& record, std::string_view body) { recover(record, body); });
    waiting_.insert(open_.begin(), open_.end());
}

void Relay::recover(const Record& record, std::string_view body)
{
    if (record.kind == Record::alert) {
        auto alert = std::make_shared<Alert>(
            Alert{.id = record.id, .recipients = record.recipients, .body = std::string(body)});
        known_ |= record.recipients;
        next_id_ = record.id + 1;
        open_.emplace(record.id, std::move(alert));
        return;
    }
    const auto found = open_.find(record.id);
    if (found == open_.end()) return;
    found->second->acknowledged |= record.recipients;
    if (found->second->acknowledged == found->second->recipients) open_.erase(found);
}

void Relay::hello(Session& session)
{
    known_ |= *session.bit;
    if (session.is_registering_) return;
    here_[*session.bit] = session.shared_from_this();
    deliver_to(session);
}

void Relay::leave(const Session& session)
{
    if (!session.bit) return;
    const auto found = here_.find(*session.bit);
    if (found != here_.end() && found->second.get() == &session) here_.erase(found);
}

void Relay::publish(Session& session, std::uint64_t number, std::string_view body)
{
    auto alert = std::make_shared<Alert>(Alert{.id = next_id_++,
                                               .number = number,
                                               .recipients = known_,
                                               .sender = session.weak_from_this(),
                                               .body = std::string(body)});
    open_.emplace(alert->id, alert);
    log_.add({.id = alert->id, .kind = Record::alert, .recipients = known_}, alert->body,
             [this, alert] { stored(alert); });
}

void Relay::stored(const AlertPtr& alert)
{
    if (const auto sender = alert->sender.lock())
        sender->send({.kind = FrameKind::confirm, .number = alert->number});
    waiting_.emplace(alert->id, alert);
    for (const auto& [bit, session] : here_)
        deliver_to(*session);
}

void Relay::deliver_to(Session& session)
{
    for (auto next = waiting_.upper_bound(session.cursor);
         next != waiting_.end() && session.unacknowledged < unacknowledged_max; ++next) {
        const Alert& alert = *next->second;
        session.cursor = alert.id;
        if ((alert.acknowledged & *session.bit) != 0) continue;
        ++session.unacknowledged;
        session.send({.kind = FrameKind::deliver, .number = alert.id, .body = alert.body});
    }
}

void Relay::acknowledge(Session& session, std::uint64_t id)
{
    if (!session.bit) return;
    --session.unacknowledged;
    if (const auto found = open_.find(id); found != open_.end()) {
        const AlertPtr& alert = found->second;
        alert->acknowledged |= *session.bit;
        log_.add({.id = id, .kind = Record::acknowledgement, .recipients = *session.bit}, "",
                 [this, alert] { acknowledged(alert); });
    }
    if (session.unacknowledged < unacknowledged_max / 2) deliver_to(session);
}

void Relay::acknowledged(const AlertPtr& alert)
{
    if (alert->acknowledged != alert->recipients || open_.erase(alert->id) == 0) return;
    waiting_.erase(alert->id);
    if (const auto sender = alert->sender.lock())
        sender->send({.kind = FrameKind::complete, .number = alert->number});
}

asio::ssl::context make_tls(const char* certificate, const char* key)
{
    asio::ssl::context tls(asio::ssl::context::tls_server);
    ::SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_3_VERSION);
    ::SSL_CTX_set1_groups_list(tls.native_handle(), "X25519");
    tls.use_certificate_chain_file(certificate);
    tls.use_private_key_file(key, asio::ssl::context::pem);
    return tls;
}

void accept(tcp::acceptor& acceptor, Relay& relay, asio::ssl::context& tls)
{
    acceptor.async_accept([&](error_code error, tcp::socket socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<Session>(relay, std::move(socket), tls)->start();
        }
        accept(acceptor, relay, tls);
    });
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::cerr << "usage: tocsin_floor_relay PORT CERTIFICATE KEY LOG\n";
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    try {
        asio::ssl::context tls = make_tls(argv[2], argv[3]);
        Relay relay(argv[4]);
        const auto port = static_cast<std::uint16_t>(std::stoi(argv[1]));
        tcp::acceptor acceptor(relay.io, {asio::ip::address_v4::loopback(), port});
        accept(acceptor, relay, tls);
        relay.io.run();
    } catch (const std::exception& error) {
        std::cerr << "tocsin_floor_relay: " << error.what() << "\n";
        return 1;
    }
}
