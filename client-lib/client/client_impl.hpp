// What is behind `Client`. One executor, no locks.
//
// What is to be done is read from the key store, never remembered: a crash, a lost link or another
// process changes nothing about it. Here is only what belongs to the present link, and who waits.
//
//   run           connect, serve, back off                            (client_link.cpp)
//   send_outbox   alerts first, then signed words, until settled      (client_outbox.cpp)
//   keep_up       directory, prekeys, `opened`, journals              (client_sync.cpp)
//   hear          what the relay says by itself                       (client_hear.cpp)
//   watch         clocks that run out while the relay is silent       (client_sync.cpp)
//
// Every coroutine holds a shared pointer to this; after each wait it asks `stopped`, for the device
// may be gone then.
#pragma once

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/link_fsm.hpp"
#include "client-lib/client/outbox.hpp"
#include "client-lib/client/transport.hpp"

#include <tocsin/client.hpp>

#include <deque>
#include <list>
#include <map>
#include <set>

namespace tocsin {

class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
public:
    using Self = std::shared_ptr<Impl>;
    using LinkPtr = std::shared_ptr<client::Link>;
    using Clock = std::chrono::steady_clock;
    using Millis = std::chrono::milliseconds;

    Impl(asio::any_io_executor executor, Device& device, ClientOptions options);

    void start();
    static asio::awaitable<void> stop(Self self);
    void abandon();

    static asio::awaitable<Result<ClientEvent>> next(Self self, Millis limit);
    static asio::awaitable<Result<void>> connected(Self self, Millis limit);
    static asio::awaitable<Result<void>> join(Self self, std::string code, Millis limit);

    // What somebody waits for: the settlement of an alert, of a word, of a first answer.
    struct Matter {
        enum class What : std::uint8_t { submit, answer, follow_up, follow };
        What what = What::submit;
        AlertId alert;
        std::uint32_t number = 0;
        friend auto operator<=>(const Matter&, const Matter&) = default;
    };
    static asio::awaitable<Result<void>> settled(Self self, Matter matter);
    static asio::awaitable<Result<ReceiptFacts>> submit(Self self, AlertId id);
    static asio::awaitable<Result<void>> flush(Self self);
    static asio::awaitable<Result<void>> follow(Self self, AlertId id);
    static asio::awaitable<Result<void>> answer(Self self, AlertId id, AnswerDraft draft);
    static asio::awaitable<Result<void>> escalate(Self self, AlertId id,
                                                  std::optional<std::uint16_t> step);
    static asio::awaitable<Result<void>> cancel(Self self, AlertId id, Duress duress);
    static asio::awaitable<Result<void>> update(Self self, AlertId id, FollowUpNote note);
    static asio::awaitable<Result<Outcome>> outcome(Self self, AlertId id);
    static asio::awaitable<Result<std::string>> look_up(Self self, std::string spoken,
                                                        Millis limit);
    static asio::awaitable<Result<MemberReply>> ask_admin(Self self, MemberAsk ask, Millis limit);
    // A request of the admin's, on the link that is up or comes up in time.
    static asio::awaitable<Result<protocol::RelayMessage>> ask(Self self,
                                                               protocol::DeviceMessage message);

private:
    // A timer that every change of anything wakes; whoever waits looks again at what it waits for.
    class Sleeper {
    public:
        explicit Sleeper(Impl& impl);
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;
        ~Sleeper();
        asio::awaitable<void> until(Clock::time_point deadline);

    private:
        std::list<asio::steady_timer*>& all_;
        asio::steady_timer timer_;
        std::list<asio::steady_timer*>::iterator place_;
    };
    friend class Sleeper;

    struct Wait {
        Matter matter;
        bool link_seen = false;
        std::optional<Result<void>> result{};
    };
    // Registers a wait for as long as the coroutine lives.
    class Waiting {
    public:
        Waiting(Impl& impl, const Matter& matter);
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        ~Waiting();
        Wait wait;

    private:
        std::list<Wait*>& all_;
        std::list<Wait*>::iterator place_;
    };

    // ---- the link ----
    static asio::awaitable<void> run(Self self);
    static asio::awaitable<Result<LinkPtr>> connect(Self self, std::size_t address);
    static asio::awaitable<Result<LinkPtr>> connect_as(Self self, std::size_t address,
                                                       std::shared_ptr<const crypto::BoxKey> key,
                                                       BoxPublicKey relay);
    void forget_first_auth();
    void came_up(const LinkPtr& link);
    void went_down(boost::system::error_code why);
    void connect_failed(boost::system::error_code why);

    // ---- outbox ----
    static asio::awaitable<void> send_outbox(Self self, LinkPtr link);
    static asio::awaitable<bool> send_alerts(Self self, LinkPtr link);
    static asio::awaitable<bool> send_alert(Self self, LinkPtr link, AlertId id);
    static asio::awaitable<bool> send_words(Self self, LinkPtr link);
    static asio::awaitable<bool> send_words_of(Self self, LinkPtr link, AlertId id);
    Result<void> judge_receipt(const client::Waiting& sent, const protocol::RelayMessage& reply);
    void alert_refused(const AlertId& id, boost::system::error_code why);

    // ---- keeping up ----
    static asio::awaitable<void> keep_up(Self self, LinkPtr link);
    static asio::awaitable<bool> fetch_directory(Self self, LinkPtr link);
    static asio::awaitable<bool> fetch_prekeys(Self self, LinkPtr link);
    static asio::awaitable<bool> tell_opened(Self self, LinkPtr link);
    static asio::awaitable<bool> follow_open(Self self, LinkPtr link);
    static asio::awaitable<bool> follow_one(Self self, LinkPtr link, AlertId id, bool outcome);
    void confirm_cancels();
    static asio::awaitable<void> watch(Self self);
    void look_at_clocks();

    // ---- hearing ----
    void hear(const protocol::RelayMessage& message);
    void on(const protocol::Deliver& message);
    void on(const protocol::Ring& message);
    void on(const protocol::JournalRows& message);
    void on(const protocol::Marks& message);
    void on(const protocol::DirectoryChanged& message);
    void on(const protocol::Draining& message);
    template <class Other>
    void on(const Other&)
    {
        // Replies reach whoever asked.
    }
    void receive(const protocol::Deliver& message);
    void ring(const AlertId& alert, const protocol::Call& call);
    void take_delivery(const protocol::Deliver& message, const AlertId& id);
    void decide_deliveries();
    Result<void> take_history(const protocol::JournalRows& message);

    // ---- joining (client_join.cpp) ----
    struct Joining;
    using JoiningPtr = std::shared_ptr<Joining>;
    Result<JoiningPtr> begin_joining(const std::string& code, Millis limit);
    static asio::awaitable<Result<LinkPtr>> join_link(Self self, JoiningPtr joining,
                                                      std::shared_ptr<const crypto::BoxKey> key);
    static asio::awaitable<void> serve_join(Self self, JoiningPtr joining, LinkPtr link);
    static asio::awaitable<Result<void>> ask_to_join(Self self, JoiningPtr joining);
    static asio::awaitable<Result<void>> ask_on(Self self, JoiningPtr joining, LinkPtr link);
    static asio::awaitable<Result<void>> first_directory(Self self, JoiningPtr joining);
    static asio::awaitable<Result<void>> directory_on(Self self, JoiningPtr joining, LinkPtr link);
    static asio::awaitable<void> first_prekeys(Self self, JoiningPtr joining, LinkPtr link);
    static asio::awaitable<Result<void>> join_pause(Self self, JoiningPtr joining);
    Result<void> take_answer(Joining& joining, ByteView box);
    Result<void> become_member(Joining& joining, const protocol::Directory& directory);

    // ---- what a member asks (client_ask.cpp) ----
    Result<client::RequestRecord> begin_request(const MemberAsk& ask);
    Result<void> settle_request(const client::RequestRecord& record);
    Result<MemberReply> take_reply(const client::RequestRecord& record, ByteView box);

    // ---- common ----
    [[nodiscard]] client::KeyStore& store() { return device_->impl().store; }
    [[nodiscard]] TimePoint now() const { return device_->impl().now(); }
    [[nodiscard]] bool gone(const LinkPtr& link) const { return stopped_ || link->closed(); }
    // Open alerts: neither over nor settled. Remembers which are, to leave their files alone.
    std::vector<client::AlertRecord> open_alerts();
    void emit(ClientEvent event);
    void emit_changed(const AlertId& id);
    void settle(const Matter& matter, const Result<void>& result);
    void fail_waits(boost::system::error_code why);
    // There may be something to do, or to see.
    void kick();
    void wake();
    [[nodiscard]] double jitter() const;

    asio::any_io_executor executor_;
    Device* device_;
    ClientOptions options_;
    Result<std::optional<net::Socks5>> proxy_;
    std::vector<net::Endpoint> endpoints_;
    client::LinkFsm fsm_;
    bool started_ = false;
    bool watching_ = false;
    bool stopped_ = false;

    LinkPtr link_;
    LinkPtr joining_link_;
    bool draining_ = false;
    std::optional<boost::system::error_code> refusal_{}; // why no address serves us
    boost::system::error_code last_failure_{};

    // Of the present link.
    bool alerts_first_ = false; // those that waited for it have not been settled yet
    bool outbox_due_ = false;
    bool sync_due_ = false;
    bool directory_due_ = false;
    bool directory_known_ = false; // on this link, and none newer was announced since
    std::vector<protocol::Deliver> undecided_; // what a newer directory may let this device open
    bool prekeys_due_ = false;
    std::vector<Bytes> prekeys_seen_;
    std::set<AlertId> followed_;
    std::set<AlertId> forged_;    // not asked for again on this link
    std::set<AlertId> refused_;   // alerts the relay refused for good
    std::set<AlertId> resubmit_;  // alerts the relay has lost
    std::set<AlertId> confirmed_; // cancels confirmed, or tried to
    std::set<AlertId> unopened_;  // told to be unopenable

    std::set<AlertId> over_; // nothing to do for them any more
    std::map<AlertId, std::pair<Progress, std::vector<Warning>>> shown_;

    std::deque<ClientEvent> events_;
    std::list<asio::steady_timer*> sleepers_;
    std::list<Wait*> waits_;
};

} // namespace tocsin
