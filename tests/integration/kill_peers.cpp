#include "tests/integration/kill_peers.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace tocsin::tests {

namespace asio = boost::asio;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr auto forever = asio::steady_timer::time_point::max();

constexpr std::uint64_t request_of_submit = 1; // of every envelope sealed ahead
constexpr std::size_t unconfirmed_max = 2;
// More than can be called and answered in short lives would only wait.
constexpr std::uint64_t open_max = 64;
constexpr std::size_t followed_max = 6;
constexpr std::uint64_t followed_one_in = 4;
constexpr std::size_t confirmed_at_once_max = 16; // few: a short life must bring this forward
constexpr std::size_t seal_overhead = 24 + 16;

constexpr std::size_t checks_at_once_max = 5; // three requests each, of sixteen that a link takes
constexpr std::size_t checks_of_a_link_max = 500;
constexpr std::size_t news_max = 16;

// Sealed, a note looks just so to the relay. The same for all: what is said again must be the same.
const Bytes& note()
{
    static const Bytes made = [] {
        Bytes random(limits::note_sizes.front() + seal_overhead);
        crypto::fill_random(random);
        return random;
    }();
    return made;
}

std::string refusal(const protocol::RelayMessage& reply)
{
    const auto* error = std::get_if<protocol::Error>(&reply);
    return error ? std::string(name_of(error->code)) : "no such reply";
}

} // namespace

// ---- all of them ----

void KillWorld::begin_life()
{
    ledger.begin_life();
    life_began.cancel();
}

void KillWorld::leave()
{
    leaving = true;
    life_began.cancel();
}

asio::awaitable<void> KillPeer::wait_for_life(std::uint64_t after)
{
    while (world_.ledger.life() <= after && !world_.leaving)
        co_await world_.life_began.async_wait(awaited);
}

asio::awaitable<void> KillPeer::keep_linked()
{
    while (!world_.leaving) {
        const std::uint64_t life = world_.ledger.life();
        before_link();
        auto line = co_await bench::Line::connect(&world_.relay, &device_.auth_key);
        const bool same_life = world_.ledger.life() == life;
        if (!line) {
            if (!same_life) continue;
            world_.ledger.fail("a link was refused: " + line.error().message());
            co_await wait_for_life(life);
            continue;
        }
        if (world_.leaving) {
            (*line)->close();
            break;
        }
        ++world_.links;
        world_.link_made.cancel();
        line_ = std::move(*line);
        has_ended_ = false;
        ended_.expires_at(forever);
        life_ = life;
        line_->listen([this](ByteView message) { take(message); },
                      [this](boost::system::error_code) {
                          if (world_.ledger.life() == life_) ++world_.links_closed;
                          end();
                      });
        linked();
        while (!has_ended_)
            co_await ended_.async_wait(awaited);
        line_.reset();
        waiting_.clear();
    }
}

void KillPeer::hang_up()
{
    if (!line_) return;
    line_->close();
    end();
}

void KillPeer::end()
{
    has_ended_ = true;
    ended_.cancel();
}

void KillPeer::ask(protocol::DeviceMessage message, OnReply on_reply)
{
    if (!line_) return; // asked anew on the next link
    waiting_.emplace(++requests_, std::move(on_reply));
    line_->send(requests_, std::move(message));
}

void KillPeer::take(ByteView message)
{
    const auto frame = protocol::decode_relay_frame(message);
    if (!frame) return world_.ledger.fail("a malformed message");
    const auto found = waiting_.find(frame->request);
    if (found == waiting_.end()) return pushed(*frame);
    const OnReply on_reply = std::move(found->second);
    waiting_.erase(found);
    on_reply(frame->body);
}

void KillPeer::say(std::uint64_t alert, const Said& said)
{
    if (speaking_.contains(alert)) return;
    Answered answered = world_.ledger.draft(alert, said);
    answered.note_hash = protocol::note_hash(note());
    const crypto::SignKey& key = said.author == author_owner
                                     ? world_.envelopes.owner_key_of(alert)
                                     : world_.envelopes.answer_key_of(alert, said.author);
    protocol::sign_answer(answered, key, world_.envelopes.header_hash_of(alert));
    speaking_.emplace(alert, Speaking{answered, Clock::now()});
    speak(alert);
}

void KillPeer::speak(std::uint64_t alert)
{
    protocol::Answer message{world_.envelopes.id_of(alert), speaking_.at(alert).answered, note()};
    ask(std::move(message),
        [this, alert](const protocol::RelayMessage& reply) { spoken(alert, reply); });
}

void KillPeer::spoken(std::uint64_t alert, const protocol::RelayMessage& reply)
{
    const Speaking said = speaking_.at(alert);
    speaking_.erase(alert);
    if (const auto* error = std::get_if<protocol::Error>(&reply)) {
        world_.ledger.refuse_answer(alert, error->code);
    } else {
        world_.ledger.confirm_answer(alert, said.answered, said.begun);
        world_.fence();
    }
    world_.prompt(alert);
}

void KillPeer::linked()
{
    for (const auto& [alert, said] : speaking_)
        speak(alert);
}

// ---- senders ----

void KillSender::linked()
{
    KillPeer::linked();
    for (const std::uint64_t alert : unconfirmed_)
        line_->send(world_.envelopes.submit_frame(alert));
    for (const std::uint64_t alert : followed_)
        follow(alert);
    press_on();
}

void KillSender::press_on()
{
    while (world_.pressing && line_ && unconfirmed_.size() < unconfirmed_max &&
           world_.ledger.open() < open_max) {
        const std::uint64_t alert = world_.ledger.press();
        unconfirmed_.insert(alert);
        line_->send(world_.envelopes.submit_frame(alert));
    }
}

void KillSender::pushed(const protocol::RelayFrame& frame)
{
    if (const auto* receipt = std::get_if<protocol::Receipt>(&frame.body)) return take(*receipt);
    if (const auto* rows = std::get_if<protocol::JournalRows>(&frame.body))
        return world_.ledger.show(*rows);
    if (frame.request == request_of_submit)
        return world_.ledger.fail("an alert was refused: " + refusal(frame.body));
    if (!std::holds_alternative<protocol::Marks>(frame.body))
        world_.ledger.fail("a sender was sent what it did not ask for");
}

void KillSender::take(const protocol::Receipt& receipt)
{
    const auto alert = world_.ledger.index_of(receipt.facts.alert);
    if (!alert) return world_.ledger.fail("a receipt for an alert that nobody raised");
    if (!protocol::verify_receipt(receipt, world_.relay.sign_key))
        world_.ledger.fail("a receipt that does not verify", *alert);
    unconfirmed_.erase(*alert);
    if (world_.ledger.confirm(*alert, receipt.facts) && *alert % followed_one_in == 0) {
        followed_.push_back(*alert);
        if (followed_.size() > followed_max) followed_.pop_front();
        follow(*alert);
    }
    world_.prompt(*alert);
    press_on();
}

void KillSender::follow(std::uint64_t alert)
{
    if (!line_) return;
    const AlertId id = world_.envelopes.id_of(alert);
    protocol::Follow message{.alert = id, .have = world_.ledger.rows_known(alert)};
    message.owner_signature = protocol::sign_follow(world_.envelopes.owner_key_of(alert),
                                                    line_->channel_binding(), id, false);
    ask(std::move(message), [this, alert](const protocol::RelayMessage& reply) {
        if (!std::holds_alternative<protocol::Done>(reply))
            world_.ledger.fail("a journal was refused: " + refusal(reply), alert);
    });
}

// ---- recipients ----

void KillRecipient::linked()
{
    KillPeer::linked();
    world_.ledger.begin_link(slot_);
    // Whether these were taken nobody knows: they are said again.
    arrived_.merge(confirming_);
    confirming_.clear();
    confirm();
    fencing_ = false;
}

void KillRecipient::pushed(const protocol::RelayFrame& frame)
{
    if (const auto* delivery = std::get_if<protocol::Deliver>(&frame.body)) return take(*delivery);
    const auto* ring = std::get_if<protocol::Ring>(&frame.body);
    if (!ring) return world_.ledger.fail("a recipient was sent what it did not ask for");
    const auto alert = world_.ledger.index_of(ring->alert);
    if (!alert) return world_.ledger.fail("a ring for an alert that nobody raised");
    world_.ledger.ring(*alert, ring->call, slot_, fence_);
    world_.prompt(*alert);
}

void KillRecipient::take(const protocol::Deliver& delivery)
{
    const auto header = protocol::decode_header(delivery.header);
    const auto alert = header ? world_.ledger.index_of(header->alert) : std::nullopt;
    if (!alert) return world_.ledger.fail("a delivery of an alert that nobody raised");
    const Bytes envelope = world_.envelopes.envelope_of(*alert);
    const auto sent = protocol::take_apart(envelope); // views into it
    const bool whole = sent && delivery.slot_number == slot_ &&
                       std::ranges::equal(delivery.header, sent->header) &&
                       std::ranges::equal(delivery.plan, sent->plan) &&
                       std::ranges::equal(delivery.payload, sent->payload);
    if (!whole) world_.ledger.fail("a delivery is not what was sent", *alert);
    world_.ledger.deliver(*alert, slot_, life_);
    if (delivery.call) world_.ledger.ring(*alert, *delivery.call, slot_, fence_);
    arrived_.insert(*alert);
    confirm_soon();
    world_.prompt(*alert);
}

// Once what has already arrived has been read.
void KillRecipient::confirm_soon()
{
    if (soon_ || !confirming_.empty()) return;
    soon_ = true;
    asio::post(world_.executor, [this] {
        soon_ = false;
        confirm();
    });
}

void KillRecipient::confirm()
{
    if (!line_ || arrived_.empty() || !confirming_.empty()) return;
    protocol::Delivered message;
    while (!arrived_.empty() && confirming_.size() < confirmed_at_once_max) {
        const auto alert = arrived_.extract(arrived_.begin());
        message.alerts.push_back(world_.envelopes.id_of(alert.value()));
        confirming_.insert(alert.value());
    }
    ask(std::move(message), [this](const protocol::RelayMessage& reply) {
        if (!std::holds_alternative<protocol::Done>(reply))
            world_.ledger.fail("a delivery was not to be confirmed: " + refusal(reply));
        for (const std::uint64_t alert : std::exchange(confirming_, {}))
            world_.ledger.confirm_delivery(alert, slot_, life_);
        confirm();
    });
}

void KillRecipient::fence()
{
    if (fencing_ || !line_ || fence_ == world_.ledger.tick()) return;
    fencing_ = true;
    const std::uint64_t tick = world_.ledger.tick();
    protocol::Heartbeat beat;
    ask(beat, [this, tick](const protocol::RelayMessage&) {
        fencing_ = false;
        fence_ = tick;
        fence();
    });
}

// ---- the auditor ----

void KillAuditor::check(const std::vector<std::uint64_t>& alerts, bool last)
{
    last_ = last;
    queue_.insert(queue_.end(), alerts.begin(), alerts.end());
    check_on();
}

void KillAuditor::check_news()
{
    std::vector<std::uint64_t> news = world_.ledger.take_news();
    if (news.size() > news_max) news.erase(news.begin(), news.end() - news_max);
    queue_.assign(news.rbegin(), news.rend()); // begun when the new link is there
}

void KillAuditor::linked()
{
    KillPeer::linked();
    for (const auto& [alert, check] : std::exchange(under_way_, {}))
        queue_.push_front(alert);
    on_this_link_ = 0;
    check_on();
}

void KillAuditor::check_on()
{
    if (!line_) return;
    if (on_this_link_ >= checks_of_a_link_max) {
        // The relay keeps what a link follows for as long as it lasts.
        if (under_way_.empty()) hang_up();
        return;
    }
    while (under_way_.size() < checks_at_once_max && !queue_.empty()) {
        const std::uint64_t alert = queue_.front();
        queue_.pop_front();
        if (world_.ledger.is_confirmed(alert) && !under_way_.contains(alert)) begin(alert);
    }
}

void KillAuditor::begin(std::uint64_t alert)
{
    ++on_this_link_;
    under_way_.emplace(alert, Check{.known = world_.ledger.known(alert)});
    protocol::Submit again{world_.envelopes.envelope_of(alert)};
    protocol::Submit other{again.envelope};
    other.envelope.back() ^= 1U;
    const AlertId id = world_.envelopes.id_of(alert);
    protocol::Follow follow{.alert = id, .have = 0};
    follow.outcome = true;
    follow.owner_signature = protocol::sign_follow(world_.envelopes.owner_key_of(alert),
                                                   line_->channel_binding(), id, true);
    using Reply = const protocol::RelayMessage&;
    ask(std::move(again), [this, alert](Reply reply) { resubmitted(alert, reply); });
    ask(std::move(other), [this, alert](Reply reply) { contradicted(alert, reply); });
    ask(std::move(follow), [this, alert](Reply reply) { followed(alert, reply); });
}

void KillAuditor::resubmitted(std::uint64_t alert, const protocol::RelayMessage& reply)
{
    ++world_.ledger.counts.resubmitted;
    if (const auto* receipt = std::get_if<protocol::Receipt>(&reply))
        world_.ledger.confirm(alert, receipt->facts);
    else
        world_.ledger.fail("a confirmed alert was refused: " + refusal(reply), alert);
    replied(alert);
}

void KillAuditor::contradicted(std::uint64_t alert, const protocol::RelayMessage& reply)
{
    ++world_.ledger.counts.conflicts;
    const auto* error = std::get_if<protocol::Error>(&reply);
    if (!error || error->code != Errc::conflict)
        world_.ledger.fail("other bytes under a confirmed id are no conflict", alert);
    replied(alert);
}

void KillAuditor::followed(std::uint64_t alert, const protocol::RelayMessage& reply)
{
    const Check& check = under_way_.at(alert);
    if (!std::holds_alternative<protocol::Done>(reply)) {
        world_.ledger.fail("a journal was refused: " + refusal(reply), alert);
    } else {
        world_.ledger.check_journal(alert, check.rows, check.known);
        if (last_) world_.ledger.check_calls(alert, check.rows);
    }
    replied(alert);
}

void KillAuditor::replied(std::uint64_t alert)
{
    if (++under_way_.at(alert).replies < 3) return;
    under_way_.erase(alert);
    check_on();
}

void KillAuditor::pushed(const protocol::RelayFrame& frame)
{
    if (std::holds_alternative<protocol::Marks>(frame.body)) return;
    const auto* rows = std::get_if<protocol::JournalRows>(&frame.body);
    const auto alert = rows ? world_.ledger.index_of(rows->alert) : std::nullopt;
    if (!alert) return world_.ledger.fail("the auditor was sent what it did not ask for");
    world_.ledger.show(*rows);
    const auto found = under_way_.find(*alert);
    if (found == under_way_.end()) return; // the journal goes on
    auto& known = found->second.rows;
    if (rows->first_seq != known.size()) return; // of a follow before this one; a gap will be seen
    known.insert(known.end(), rows->rows.begin(), rows->rows.end());
}

} // namespace tocsin::tests
