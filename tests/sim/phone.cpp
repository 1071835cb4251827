#include "tests/sim/phone.hpp"

#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/co_spawn.hpp>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// A sealed note is bytes of a fixed size to the relay, and this is one.
Bytes note_bytes(std::uint32_t number)
{
    constexpr std::size_t seal_bytes = 24 + 16; // nonce and tag
    return Bytes(limits::note_sizes.front() + seal_bytes, static_cast<std::uint8_t>(number));
}

protocol::Answer signed_answer(const Sealed& sealed, const crypto::SignKey& key, Author author,
                               std::uint32_t number, Verb verb, std::uint32_t target,
                               std::chrono::seconds term)
{
    protocol::Answer message;
    message.alert = sealed.id;
    message.note = note_bytes(number);
    message.answered.author = author;
    message.answered.verb = verb;
    message.answered.number = number;
    message.answered.term = term;
    message.answered.target = target;
    message.answered.note_hash = protocol::note_hash(message.note);
    protocol::sign_answer(message.answered, key, sealed.header_hash);
    return message;
}

} // namespace

// One connection, seen from both ends.
struct Phone::Session final : service::Link, std::enable_shared_from_this<Session> {
    Session(Phone& owner, unsigned of_life) : phone(&owner), life(of_life) {}

    void send(service::Frame frame) override
    {
        if (closed || phone == nullptr) return;
        const auto inside = protocol::unframe(*frame);
        auto decoded = protocol::decode_relay_frame(inside.value());
        phone->arrive(shared_from_this(), decoded.value().body);
    }
    asio::awaitable<bool> room() override { co_return !closed; }
    void close(Errc why) override
    {
        if (closed) return;
        closed = true;
        // Shut out: the relay has let go of it already. Else it does when it sees the end.
        shut_out = why == Errc::not_authorised;
        if (phone != nullptr) phone->later(1ms, [self = shared_from_this()] {
            if (self->phone != nullptr && self->phone->session_ == self) self->phone->hang_up();
        });
    }

    Phone* phone; // null once the phone has hung up
    unsigned life;
    service::PeerPtr peer{};
    bool closed = false;
    bool shut_out = false;
    TimePoint last_arrival{};
};

Phone::Phone(Surroundings& around, Agenda::Actor actor, Dice dice, const crypto::BoxKey& key,
             MailboxId mailbox)
    : around_(around), dice_(dice), actor_(actor), key_(key), mailbox_(mailbox)
{
}

Phone::~Phone()
{
    if (!session_) return;
    session_->phone = nullptr;
    session_->peer.reset();
}

bool Phone::is_linked() const
{
    return session_ && session_->life == around_.relay.life() && around_.relay.is_up() &&
           !session_->shut_out;
}

void Phone::later(std::chrono::milliseconds delay, std::function<void()> what)
{
    around_.agenda.at(around_.clock.now() + delay, actor_, std::move(what));
}

void Phone::try_again()
{
    later(dice_.between(500ms, 20s), [this] { connect(); });
}

void Phone::connect()
{
    if (!on_ || is_linked()) return;
    if (session_) hang_up();
    if (!around_.network || !around_.relay.is_awake() || dice_.chance(around_.loss_permille))
        return try_again();
    service::Service& service = around_.relay.service();
    auto standing = service.standing(key_.public_key());
    if (!standing) {
        ++around_.counts["refused at the door"];
        return; // shut out: it has nothing more to do here
    }
    auto session = std::make_shared<Session>(*this, around_.relay.life());
    std::array<std::uint8_t, 32> binding{};
    binding.fill(++connections_);
    session_ = session;
    session->peer = service.attach(std::move(*standing), binding, session);
    ++around_.counts["links"];
    const auto rethrow = [](std::exception_ptr defect) {
        if (defect) std::rethrow_exception(defect);
    };
    if (session->peer->standing.role == protocol::Role::contact)
        asio::co_spawn(around_.relay.io(), service.catch_up(session->peer), rethrow);
    linked();
}

void Phone::hang_up()
{
    const auto session = std::exchange(session_, nullptr);
    if (!session) return;
    session->phone = nullptr;
    session->closed = true;
    if (session->life == around_.relay.life() && around_.relay.is_up() && !session->shut_out)
        around_.relay.service().detach(session->peer);
    session->peer.reset(); // the two hold each other
    if (on_) try_again();
}

void Phone::switch_off()
{
    on_ = false;
    hang_up();
}

void Phone::switch_on()
{
    on_ = true;
    connect();
}

void Phone::ask(protocol::DeviceMessage message, OnReply on_reply)
{
    if (!is_linked()) return;
    const auto over = session_;
    const unsigned copies = dice_.chance(around_.loss_permille)       ? 0
                            : dice_.chance(around_.loss_permille / 2) ? 2
                                                                      : 1;
    if (copies == 0) {
        // A message that is lost takes its link with it, as on a real line.
        ++around_.counts["fault: message lost"];
        return later(dice_.between(1ms, 2s), [this, over] {
            if (session_ == over) hang_up();
        });
    }
    if (copies == 2) ++around_.counts["fault: message twice"];
    for (unsigned i = 0; i < copies; ++i)
        later(dice_.between(1ms, around_.delay_max),
              [this, over, message, on_reply] { deliver(over, message, on_reply); });
}

void Phone::deliver(const std::shared_ptr<Session>& over, const protocol::DeviceMessage& message,
                    const OnReply& on_reply)
{
    Relay& relay = around_.relay;
    if (session_ != over || !is_linked() || over->closed) return;
    asio::co_spawn(
        relay.io(), relay.service().handle(over->peer, message),
        [this, over, message, on_reply](std::exception_ptr defect, protocol::RelayMessage reply) {
            if (defect) std::rethrow_exception(defect);
            if (over->life != around_.relay.life()) return;
            overhear(message, reply);
            if (dice_.chance(around_.loss_permille)) {
                ++around_.counts["fault: reply lost"];
                return later(1ms, [this, over] {
                    if (session_ == over) hang_up();
                });
            }
            later(dice_.between(1ms, around_.delay_max), [this, over, reply, on_reply] {
                if (session_ == over && on_reply) on_reply(reply);
            });
        });
}

// What the relay pushes comes in its order.
void Phone::arrive(const std::shared_ptr<Session>& over, const protocol::RelayMessage& message)
{
    if (over->life != around_.relay.life()) return;
    if (const auto* ring = std::get_if<protocol::Ring>(&message))
        around_.judge.rang(mailbox_, *ring);
    if (const auto* rows = std::get_if<protocol::JournalRows>(&message)) around_.judge.shown(*rows);
    const TimePoint at = std::max(over->last_arrival,
                                  around_.clock.now() + dice_.between(1ms, around_.delay_max));
    over->last_arrival = at;
    around_.agenda.at(at, actor_, [this, over, message] {
        if (session_ == over) hear(message);
    });
}

// ---- a desk ----

Desk::Desk(Surroundings& around, Agenda::Actor actor, Dice dice,
           const service::test::Device& device, const std::map<AlertId, const Sealed*>& sealed)
    : Phone(around, actor, dice, device.auth, device.mailbox), sealed_(sealed)
{
}

void Desk::linked()
{
    for (const auto& [id, opened] : opened_) {
        if (opened.unanswered) repeat(id);
        if (dice_.chance(300)) ask(protocol::Follow{id, 0, {}, false});
    }
}

void Desk::hear(const protocol::RelayMessage& message)
{
    if (const auto* deliver = std::get_if<protocol::Deliver>(&message)) receive(*deliver);
    if (const auto* ring = std::get_if<protocol::Ring>(&message)) {
        const AlertId id = ring->alert;
        // Some sleep on.
        if (!dice_.chance(350)) later(dice_.between(2s, 3min), [this, id] { think(id); });
    }
}

void Desk::receive(const protocol::Deliver& message)
{
    const AlertId id = protocol::decode_header(message.header).value().alert;
    const auto sealed = sealed_.find(id);
    if (sealed == sealed_.end()) return;
    const bool fresh = opened_.emplace(id, Opened{.sealed = sealed->second,
                                                  .slot = message.slot_number}).second;
    ask(protocol::Delivered{{id}});
    if (!fresh) return;
    if (dice_.chance(20)) return ask(protocol::CannotOpen{id});
    ask(protocol::Opened{id, protocol::sign_opened(sealed->second->answer_keys[message.slot_number],
                                                   sealed->second->header_hash)});
}

// What a person does who was called.
void Desk::think(const AlertId& id)
{
    const auto it = opened_.find(id);
    if (it == opened_.end() || it->second.unanswered) return;
    const std::size_t contacts = it->second.sealed->plan.contacts.size();
    const std::uint64_t mood = dice_.below(1000);
    if (it->second.holds) {
        if (mood < 300) return say(id, Verb::resolve);
        if (mood < 550) return say(id, Verb::renew, 0, std::chrono::seconds(dice_.below(600)));
        if (mood < 650)
            return say(id, Verb::hand_over, static_cast<std::uint32_t>(dice_.below(contacts)));
        if (mood < 750) return say(id, Verb::decline);
        if (mood < 800) return say(id, Verb::escalate, static_cast<std::uint32_t>(dice_.below(4)));
        return; // forgets it: the promise lapses
    }
    if (mood < 400) return say(id, Verb::accept, 0, std::chrono::seconds(dice_.below(900)));
    if (mood < 600) return say(id, Verb::decline, static_cast<std::uint32_t>(dice_.below(2)));
    if (mood < 680) return say(id, Verb::escalate, static_cast<std::uint32_t>(dice_.below(4)));
    if (mood < 740) return say(id, Verb::confirm_cancel);
    if (mood < 760) return say(id, Verb::resolve);
    if (mood < 770) return say(id, Verb::cancel); // nobody here may
    if (mood < 780) return say(id, Verb::decline, 7);
}

void Desk::say(const AlertId& id, Verb verb, std::uint32_t target, std::chrono::seconds term)
{
    Opened& opened = opened_.at(id);
    opened.unanswered = signed_answer(*opened.sealed, opened.sealed->answer_keys[opened.slot],
                                      opened.slot, opened.number + 1, verb, target, term);
    repeat(id);
}

void Desk::repeat(const AlertId& id)
{
    Opened& opened = opened_.at(id);
    const protocol::Answer answer = *opened.unanswered;
    ask(answer, [this, id, answer](const protocol::RelayMessage& reply) {
        Opened& now = opened_.at(id);
        if (!now.unanswered || now.unanswered->answered.number != answer.answered.number) return;
        if (const auto* error = std::get_if<protocol::Error>(&reply)) {
            if (error->code == Errc::storage_failed || error->code == Errc::storage_full)
                return later(dice_.between(1s, 10s), [this, id] {
                    if (opened_.at(id).unanswered) repeat(id);
                });
            now.unanswered.reset(); // a refused answer leaves its number free
            return;
        }
        ++now.number;
        now.unanswered.reset();
        const Verb verb = answer.answered.verb;
        if (verb == Verb::accept || verb == Verb::renew) now.holds = true;
        if (verb == Verb::decline || verb == Verb::resolve) now.holds = false;
        if (now.holds) later(dice_.between(5s, 10min), [this, id] { think(id); });
    });
}

void Desk::overhear(const protocol::DeviceMessage& question, const protocol::RelayMessage& reply)
{
    if (const auto* answer = std::get_if<protocol::Answer>(&question))
        around_.judge.told(*answer, reply);
}

// ---- a defender ----

Sender::Sender(Surroundings& around, Agenda::Actor actor, Dice dice,
               const service::test::Device& device)
    : Phone(around, actor, dice, device.auth, {})
{
}

void Sender::raise(const Sealed& sealed)
{
    around_.judge.expect(sealed);
    mine_.emplace(sealed.id, Mine{.sealed = &sealed});
    if (is_linked())
        submit(sealed.id);
    else
        connect();
}

void Sender::linked()
{
    for (const auto& [id, mine] : mine_) {
        if (!mine.confirmed)
            submit(id);
        else {
            const bool outcome = dice_.chance(500);
            ask(protocol::Follow{id, 0,
                                 protocol::sign_follow(mine.sealed->owner_key,
                                                       session_->peer->channel_binding, id,
                                                       outcome),
                                 outcome});
            repeat(id);
        }
    }
}

void Sender::submit(const AlertId& id)
{
    ask(protocol::Submit{mine_.at(id).sealed->envelope},
        [this, id](const protocol::RelayMessage& reply) {
            Mine& mine = mine_.at(id);
            if (std::holds_alternative<protocol::Receipt>(reply)) {
                if (std::exchange(mine.confirmed, true)) return;
                later(dice_.between(10s, 20min), [this, id] { trouble(id); });
                return;
            }
            const Errc code = std::get<protocol::Error>(reply).code;
            if (code == Errc::expired) return;
            later(dice_.between(1s, 15s), [this, id] {
                if (!mine_.at(id).confirmed) submit(id);
            });
        });
    // "Unknown, safe to retry."
    later(20s, [this, id] {
        if (!mine_.at(id).confirmed && is_linked()) submit(id);
    });
}

// What a defender may do after the press.
void Sender::trouble(const AlertId& id)
{
    Mine& mine = mine_.at(id);
    if (!around_.judge.is_open(id)) return;
    if (mine.unanswered || mine.unadded) return;
    const std::uint64_t mood = dice_.below(1000);
    if (mood < 120)
        mine.unanswered = signed_answer(*mine.sealed, mine.sealed->owner_key, author_owner,
                                        mine.number + 1, Verb::cancel, 0, 0s);
    else if (mood < 300)
        mine.unanswered = signed_answer(*mine.sealed, mine.sealed->owner_key, author_owner,
                                        mine.number + 1, Verb::escalate,
                                        static_cast<std::uint32_t>(dice_.below(4)), 0s);
    else if (mood < 320)
        mine.unanswered = signed_answer(*mine.sealed, mine.sealed->owner_key, author_owner,
                                        mine.number + 1, Verb::accept, 0, 0s);
    else if (mood < 600) {
        protocol::FollowUp message;
        message.alert = id;
        message.body = note_bytes(mine.follow_ups + 1);
        message.followed_up.author = author_owner;
        message.followed_up.number = mine.follow_ups + 1;
        message.followed_up.previous = mine.last_body;
        message.followed_up.body_hash = protocol::follow_up_hash(message.body);
        protocol::sign_follow_up(message.followed_up, mine.sealed->owner_key,
                                 mine.sealed->header_hash);
        mine.unadded = std::move(message);
    }
    repeat(id);
    later(dice_.between(1min, 40min), [this, id] { trouble(id); });
}

void Sender::repeat(const AlertId& id)
{
    Mine& mine = mine_.at(id);
    const auto is_disk = [](const protocol::RelayMessage& reply) {
        const auto* error = std::get_if<protocol::Error>(&reply);
        return error != nullptr &&
               (error->code == Errc::storage_failed || error->code == Errc::storage_full);
    };
    if (mine.unanswered)
        ask(*mine.unanswered, [this, id, is_disk](const protocol::RelayMessage& reply) {
            Mine& now = mine_.at(id);
            if (!now.unanswered || is_disk(reply)) return;
            if (std::holds_alternative<protocol::Done>(reply)) ++now.number;
            now.unanswered.reset();
        });
    if (mine.unadded)
        ask(*mine.unadded, [this, id, is_disk](const protocol::RelayMessage& reply) {
            Mine& now = mine_.at(id);
            if (!now.unadded || is_disk(reply)) return;
            if (std::holds_alternative<protocol::Done>(reply)) {
                ++now.follow_ups;
                now.last_body = now.unadded->followed_up.body_hash;
            }
            now.unadded.reset();
        });
}

void Sender::hear(const protocol::RelayMessage&) {}

void Sender::overhear(const protocol::DeviceMessage& question, const protocol::RelayMessage& reply)
{
    if (const auto* receipt = std::get_if<protocol::Receipt>(&reply))
        around_.judge.told_receipt(*receipt);
    if (const auto* answer = std::get_if<protocol::Answer>(&question))
        around_.judge.told(*answer, reply);
    if (const auto* added = std::get_if<protocol::FollowUp>(&question))
        around_.judge.told(*added, reply);
}

} // namespace tocsin::sim
