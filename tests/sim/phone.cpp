#include "tests/sim/phone.hpp"

#include "client-lib/protocol/frame.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace tocsin::sim {

using namespace std::chrono_literals;

// One connection, seen from both ends.
struct Line::Session final : service::Link, std::enable_shared_from_this<Session> {
    Session(Line& of, unsigned of_life) : line(of), life(of_life) {}

    void send(service::Frame frame) override
    {
        if (closed || life != line.cell_.relay.life()) return;
        const auto inside = protocol::unframe(*frame);
        auto decoded = protocol::decode_relay_frame(inside.value());
        line.arrive(shared_from_this(), std::move(decoded.value().body));
    }
    asio::awaitable<bool> room() override { co_return !closed; }
    void close(Errc why) override
    {
        if (closed) return;
        closed = true;
        // Shut out: the relay has let go of it already. Else it does when it sees the end.
        shut_out = why == Errc::not_authorised;
        line.phone_.later(1ms, [self = shared_from_this()] {
            if (self->line.session_ == self)
                self->line.hang_up();
            else
                self->line.detach(self);
        });
    }

    Line& line;
    unsigned life;
    service::PeerPtr peer{};
    bool closed = false;
    bool shut_out = false;
    bool up_dead = false;
    bool down_dead = false;
    TimePoint last_arrival{};
    std::uint64_t asked = 0;
    std::uint64_t arrived = 0; // the last of them that got there
};

Line::Line(Phone& phone, Cell& cell, std::size_t number)
    : phone_(phone),
      cell_(cell),
      number_(number)
{
}

Line::~Line()
{
    // The two hold each other.
    if (session_) session_->peer.reset();
    for (const SessionPtr& session : attached_)
        session->peer.reset();
}

bool Line::is_linked() const
{
    return session_ && session_->life == cell_.relay.life() && cell_.relay.is_up() &&
           !session_->shut_out;
}

bool Line::is_live() const
{
    return cell_.relay.is_up() && std::ranges::any_of(attached_, [this](const SessionPtr& session) {
               return session->life == cell_.relay.life() && !session->shut_out;
           });
}

std::span<const std::uint8_t> Line::binding() const { return session_->peer->channel_binding; }

void Line::try_again()
{
    if (!phone_.on_ || std::exchange(trying_, true)) return;
    phone_.later(phone_.dice_.between(500ms, 20s), [this] {
        trying_ = false;
        connect();
    });
}

void Line::connect()
{
    if (!phone_.on_ || is_linked()) return;
    if (session_) return hang_up();
    const bool gets_there = cell_.network && !cell_.up_dead && !cell_.down_dead &&
                            cell_.relay.is_awake() && !cell_.suspended &&
                            !phone_.dice_.chance(cell_.loss_permille);
    if (!gets_there) return try_again();
    service::Service& service = cell_.relay.service();
    auto standing = service.standing(phone_.key_.public_key());
    if (!standing) {
        ++phone_.around_.counts["refused at the door"];
        return; // shut out: it has nothing more to do here
    }
    auto session = std::make_shared<Session>(*this, cell_.relay.life());
    std::array<std::uint8_t, 32> binding{};
    binding.fill(++connections_);
    session_ = session;
    attached_.push_back(session);
    session->peer = service.attach(std::move(*standing), binding, session);
    const auto rethrow = [](std::exception_ptr defect) {
        if (defect) std::rethrow_exception(defect);
    };
    if (session->peer->standing.role == protocol::Role::contact)
        asio::co_spawn(cell_.relay.io(), service.catch_up(session->peer), rethrow);
    phone_.linked(*this);
}

void Line::detach(const SessionPtr& session)
{
    if (std::erase(attached_, session) == 0) return;
    if (session->life == cell_.relay.life() && cell_.relay.is_up() && !session->shut_out)
        cell_.relay.service().detach(session->peer);
    session->closed = true;
    session->peer.reset(); // the two hold each other
}

void Line::hang_up()
{
    const auto session = std::exchange(session_, nullptr);
    if (!session) return;
    detach_later(session);
    try_again();
}

void Line::detach_later(const SessionPtr& session)
{
    const bool sees_it = cell_.relay.is_awake() && !cell_.suspended;
    if (sees_it || session->life != cell_.relay.life()) return detach(session);
    phone_.later(1s, [this, session] { detach_later(session); });
}

void Line::die(Dead direction)
{
    if (!session_) return;
    const auto session = session_;
    session->up_dead = session->up_dead || direction != Dead::down;
    session->down_dead = session->down_dead || direction != Dead::up;
    Dice& dice = phone_.dice_;
    // The phone misses the answers to its heartbeats.
    phone_.later(dice.between(15s, 40s), [this, session] {
        if (session_ != session) return;
        session_ = nullptr;
        try_again();
        // What it says then does not arrive either; the relay misses the heartbeats.
        const auto unseen = session->up_dead ? phone_.dice_.between(10s, 60s) : 1ms;
        phone_.later(unseen, [this, session] { detach_later(session); });
    });
}

void Line::lose()
{
    phone_.later(phone_.dice_.between(1ms, 5s), [this] {
        if (!is_linked()) hang_up();
    });
}

void Line::ask(protocol::DeviceMessage message, OnReply on_reply)
{
    if (!is_linked()) return;
    const auto over = session_;
    Dice& dice = phone_.dice_;
    Surroundings& around = phone_.around_;
    if (over->up_dead || cell_.up_dead) return;
    const unsigned copies = dice.chance(cell_.loss_permille)       ? 0
                            : dice.chance(cell_.loss_permille / 2) ? 2
                                                                   : 1;
    if (copies == 0) {
        // A message that is lost takes its link with it, as on a real line.
        ++around.counts["fault: message lost"];
        ++around.message_faults;
        return phone_.later(dice.between(1ms, 2s), [this, over] {
            if (session_ == over) hang_up();
        });
    }
    if (copies == 2) {
        ++around.counts["fault: message twice"];
        ++around.message_faults;
    }
    const auto question =
        std::make_shared<const Question>(std::move(message), std::move(on_reply), ++over->asked);
    for (unsigned i = 0; i < copies; ++i)
        phone_.later(dice.between(1ms, cell_.delay_max) + phone_.extra_delay_,
                     [this, over, question] { arrive_there(over, question); });
}

void Line::arrive_there(const SessionPtr& over, const std::shared_ptr<const Question>& question)
{
    Relay& relay = cell_.relay;
    if (session_ != over || !is_linked() || over->closed || over->up_dead) return;
    if (cell_.suspended || !relay.is_awake()) {
        // It waits in the kernel's buffers.
        phone_.later(1s, [this, over, question] { arrive_there(over, question); });
        return;
    }
    if (question->number < over->arrived) {
        ++phone_.around_.counts["fault: message overtaken"]; // not injected: it is what delay does
    }
    over->arrived = std::max(over->arrived, question->number);
    asio::co_spawn(relay.io(), relay.service().handle(over->peer, question->message),
                   [this, over, question](std::exception_ptr defect, protocol::RelayMessage reply) {
                       if (defect) std::rethrow_exception(defect);
                       replied(over, *question, std::move(reply));
                   });
}

void Line::replied(const SessionPtr& over, const Question& question, protocol::RelayMessage reply)
{
    if (over->life != cell_.relay.life()) return;
    phone_.overhear(*this, question.message, reply);
    if (over->down_dead || cell_.down_dead) return;
    Dice& dice = phone_.dice_;
    if (dice.chance(cell_.loss_permille)) {
        ++phone_.around_.counts["fault: reply lost"];
        ++phone_.around_.message_faults;
        return phone_.later(1ms, [this, over] {
            if (session_ == over) hang_up();
        });
    }
    if (!question.on_reply) return;
    phone_.later(dice.between(1ms, cell_.delay_max) + phone_.extra_delay_,
                 [this, over, reply = std::move(reply), on_reply = question.on_reply] {
                     if (session_ == over && !over->down_dead) on_reply(reply);
                 });
}

// What the relay pushes comes in its order.
void Line::arrive(const SessionPtr& over, protocol::RelayMessage message)
{
    const MailboxId& mailbox = over->peer->standing.mailbox;
    if (const auto* ring = std::get_if<protocol::Ring>(&message))
        cell_.judge.rang(mailbox, ring->alert, ring->call);
    if (const auto* deliver = std::get_if<protocol::Deliver>(&message); deliver && deliver->call)
        cell_.judge.rang(mailbox, protocol::decode_header(deliver->header).value().alert,
                         *deliver->call);
    if (const auto* rows = std::get_if<protocol::JournalRows>(&message)) cell_.judge.shown(*rows);
    if (session_ != over || over->down_dead || cell_.down_dead) return;
    const TimePoint at =
        std::max(over->last_arrival, phone_.around_.truth + phone_.extra_delay_ +
                                         phone_.dice_.between(1ms, cell_.delay_max));
    over->last_arrival = at;
    phone_.later(at - phone_.around_.truth, [this, over, message = std::move(message)] {
        if (session_ == over && !over->down_dead) phone_.hear(*this, message);
    });
}

// ---- a phone ----

Phone::Phone(Surroundings& around, Agenda::Actor actor, Dice dice, const crypto::BoxKey& key,
             const std::vector<std::unique_ptr<Cell>>& cells)
    : around_(around),
      dice_(dice),
      actor_(actor),
      key_(key)
{
    for (std::size_t i = 0; i < cells.size(); ++i)
        lines_.push_back(std::make_unique<Line>(*this, *cells[i], i));
}

Phone::~Phone() = default;

void Phone::later(std::chrono::milliseconds delay, std::function<void()> what)
{
    around_.agenda.at(around_.truth + delay, actor_, std::move(what));
}

void Phone::connect()
{
    for (const auto& line : lines_)
        line->connect();
}

void Phone::hang_up()
{
    for (const auto& line : lines_)
        line->hang_up();
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

} // namespace tocsin::sim
