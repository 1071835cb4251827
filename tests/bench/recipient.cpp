#include "tests/bench/recipient.hpp"

#include "tests/bench/glance.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <stdexcept>

namespace tocsin::bench {

namespace {

constexpr std::size_t acknowledged_at_once_max = 256; // what the relay takes in a frame
constexpr std::uint64_t request_of_acknowledgement = 1;
constexpr std::uint64_t request_of_first_answer = 16; // the next ones follow, by alert
constexpr std::size_t seal_overhead = 24 + 16;

} // namespace

Recipient::Recipient(Run& run, const Device& device, std::size_t slot)
    : run_(run),
      device_(device),
      slot_(slot),
      note_(limits::note_sizes.front() + seal_overhead)
{
    crypto::fill_random(note_); // sealed, it looks just so to the relay
}

boost::asio::awaitable<void> Recipient::link()
{
    auto line = co_await Line::connect(&run_.relay, &device_.auth_key);
    if (!line) throw std::runtime_error("a recipient's link: " + line.error().message());
    line_ = *line;
    line_->listen([this](ByteView message) { take(message); },
                  [this](boost::system::error_code) {
                      if (!leaving_) spawn(run_.executor, link_again());
                  });
}

boost::asio::awaitable<void> Recipient::link_again()
{
    ++run_.tally.counts.links_lost;
    lost_links_ = true;
    // Whether these were taken nobody knows: they are said again.
    arrived_.insert(arrived_.end(), acknowledging_.begin(), acknowledging_.end());
    acknowledging_.clear();
    co_await link();
    acknowledge_soon();
    for (const std::uint64_t alert : answering_)
        answer(alert);
}

void Recipient::leave()
{
    leaving_ = true;
    if (line_) line_->close();
}

void Recipient::take(ByteView message)
{
    const Result<Glance> seen = glance(message);
    if (!seen) return run_.tally.fail("a recipient was sent a malformed message");
    switch (seen->said) {
    case Said::ring:
        ++run_.tally.counts.rings;
        return;
    case Said::deliver:
        run_.tally.counts.rings += seen->calls ? 1 : 0;
        return take_delivery(seen->alert, message);
    case Said::done:
        return take_done(seen->request);
    case Said::receipt:
    case Said::other:
        break;
    }
    const auto frame = protocol::decode_relay_frame(message);
    const auto* error = frame ? std::get_if<protocol::Error>(&frame->body) : nullptr;
    run_.tally.fail(error ? "a recipient was refused: " + std::string(name_of(error->code))
                          : "a recipient was sent what it did not ask for");
}

void Recipient::take_delivery(const AlertId& id, ByteView message)
{
    const auto alert = run_.envelopes.index_of(id);
    if (!alert || !run_.tally.knows(*alert))
        return run_.tally.fail("a delivery of an alert that nobody raised");
    if (*alert % verified_one_in == 0) verify(*alert, message);
    const bool fresh = run_.tally.deliver(*alert, slot_);
    if (!fresh) {
        if (!lost_links_) return run_.tally.fail("an alert was delivered twice");
        ++run_.tally.counts.redelivered;
    }
    arrived_.push_back(*alert);
    acknowledge_soon();
    if (fresh && run_.options.answers && *alert % run_.options.recipients == slot_) answer(*alert);
}

void Recipient::verify(std::uint64_t alert, ByteView message)
{
    ++run_.tally.counts.deliveries_verified;
    const Bytes envelope = run_.envelopes.envelope_of(alert);
    const auto parts = protocol::take_apart(envelope);
    const auto frame = protocol::decode_relay_frame(message);
    const auto* shown = frame ? std::get_if<protocol::Deliver>(&frame->body) : nullptr;
    const bool same = parts && shown && shown->slot_number == slot_ &&
                      std::ranges::equal(shown->header, parts->header) &&
                      std::ranges::equal(shown->plan, parts->plan) &&
                      std::ranges::equal(shown->payload, parts->payload) &&
                      shown->slot == protocol::decode_slot(parts->slots[slot_]).value();
    if (!same) run_.tally.fail("a delivery is not what was sent");
}

// Once what has already arrived has been read.
void Recipient::acknowledge_soon()
{
    if (soon_ || arrived_.empty() || !acknowledging_.empty()) return;
    soon_ = true;
    boost::asio::post(run_.executor, [this] {
        soon_ = false;
        acknowledge();
    });
}

void Recipient::acknowledge()
{
    if (arrived_.empty() || !acknowledging_.empty()) return;
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(arrived_.size(), acknowledged_at_once_max));
    acknowledging_.assign(arrived_.begin(), arrived_.begin() + count);
    arrived_.erase(arrived_.begin(), arrived_.begin() + count);
    protocol::Delivered delivered;
    for (const std::uint64_t alert : acknowledging_)
        delivered.alerts.push_back(run_.envelopes.id_of(alert));
    line_->send(request_of_acknowledgement, std::move(delivered));
}

void Recipient::take_done(std::uint64_t request)
{
    if (request >= request_of_first_answer) return take_answered(request - request_of_first_answer);
    for (const std::uint64_t alert : std::exchange(acknowledging_, {}))
        run_.tally.acknowledge(alert, slot_);
    acknowledge_soon();
}

void Recipient::take_answered(std::uint64_t alert)
{
    answering_.erase(alert);
    run_.tally.answer(alert);
}

void Recipient::answer(std::uint64_t alert)
{
    answering_.insert(alert);
    Answered answered;
    answered.author = static_cast<Author>(slot_);
    answered.verb = Verb::accept;
    answered.number = 1;
    answered.note_hash = protocol::note_hash(note_);
    protocol::sign_answer(answered, run_.envelopes.answer_key_of(alert, slot_),
                          run_.envelopes.header_hash_of(alert));
    protocol::Answer message{run_.envelopes.id_of(alert), answered, note_};
    line_->send(request_of_first_answer + alert, std::move(message));
}

} // namespace tocsin::bench
