#include "tests/bench/sender.hpp"

#include "tests/bench/glance.hpp"

#include "client-lib/protocol/words.hpp"

#include <stdexcept>

namespace tocsin::bench {

Sender::Sender(Run& run, const Device& device, std::function<void(Sender&)> on_confirmed)
    : run_(run),
      device_(device),
      on_confirmed_(std::move(on_confirmed))
{
}

boost::asio::awaitable<void> Sender::link()
{
    auto line = co_await Line::connect(&run_.relay, &device_.auth_key);
    if (!line) throw std::runtime_error("a sender's link: " + line.error().message());
    line_ = *line;
    line_->listen(
        [this](ByteView message) { take(message); },
        [this](boost::system::error_code) { run_.tally.fail("a sender's link was lost"); });
}

void Sender::leave()
{
    if (line_) line_->close();
}

void Sender::press(Clock::time_point due)
{
    line_->send(run_.envelopes.submit_frame(run_.tally.press(due)));
}

void Sender::take(ByteView message)
{
    const Result<Glance> seen = glance(message);
    if (seen && seen->said == Said::done) return; // of a follow
    if (seen && seen->said == Said::receipt) return take_receipt(seen->alert, message);
    const auto frame = protocol::decode_relay_frame(message);
    if (!frame) return run_.tally.fail("a sender was sent a malformed message");
    if (const auto* marks = std::get_if<protocol::Marks>(&frame->body)) return take(*marks);
    if (const auto* error = std::get_if<protocol::Error>(&frame->body))
        return run_.tally.fail("a sender was refused: " + std::string(name_of(error->code)));
    if (!std::holds_alternative<protocol::JournalRows>(frame->body))
        run_.tally.fail("a sender was sent what it did not ask for");
}

void Sender::take_receipt(const AlertId& id, ByteView message)
{
    const auto alert = run_.envelopes.index_of(id);
    if (!alert || !run_.tally.knows(*alert))
        return run_.tally.fail("a receipt for an alert that nobody raised");
    if (*alert % verified_one_in == 0) {
        ++run_.tally.counts.receipts_verified;
        if (!verify(*alert, message)) run_.tally.fail("a receipt does not verify");
    }
    run_.tally.confirm(*alert);
    if (run_.options.told) follow(*alert);
    on_confirmed_(*this);
}

bool Sender::verify(std::uint64_t alert, ByteView message) const
{
    const auto frame = protocol::decode_relay_frame(message);
    const auto* receipt = frame ? std::get_if<protocol::Receipt>(&frame->body) : nullptr;
    return receipt && protocol::verify_receipt(*receipt, run_.relay.sign_key) &&
           receipt->facts.digest == run_.envelopes.digest_of(alert);
}

void Sender::follow(std::uint64_t alert)
{
    const AlertId id = run_.envelopes.id_of(alert);
    protocol::Follow follow{.alert = id};
    follow.owner_signature = protocol::sign_follow(run_.envelopes.owner_key_of(alert),
                                                   line_->channel_binding(), id, false);
    line_->send(2, std::move(follow));
}

void Sender::take(const protocol::Marks& marks)
{
    const auto alert = run_.envelopes.index_of(marks.alert);
    if (!alert || !run_.tally.knows(*alert))
        return run_.tally.fail("marks for an alert that nobody raised");
    for (const protocol::Mark& mark : marks.marks) {
        if (mark.slot >= run_.options.recipients) return run_.tally.fail("a mark for no slot");
        if (mark.state >= DeliveryState::delivered) run_.tally.tell(*alert, mark.slot);
    }
}

} // namespace tocsin::bench
