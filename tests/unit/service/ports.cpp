#include "tests/unit/service/ports.hpp"

#include "client-lib/protocol/frame.hpp"
#include "tests/support/plans.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace tocsin::service::test {

// ---- time ----

class FakeClock::FakeSleeper final : public Sleeper {
public:
    explicit FakeSleeper(FakeClock& clock) : clock_(clock) { clock.sleepers_.push_back(this); }
    ~FakeSleeper() override { std::erase(clock_.sleepers_, this); }

    asio::awaitable<void> until(TimePoint when) override
    {
        if (!woken_ && when > clock_.now()) {
            // As long as it would have been; the clock may be set right meanwhile.
            when_ = clock_.boot() + (when - clock_.now());
            co_await latch_.wait();
            when_.reset();
        }
        woken_ = false;
    }

    void wake() override
    {
        woken_ = true;
        latch_.release();
    }

    std::optional<std::chrono::milliseconds> when_; // since the boot, while somebody sleeps

private:
    FakeClock& clock_;
    Latch latch_;
    bool woken_ = false;
};

std::unique_ptr<Sleeper> FakeClock::sleeper() { return std::make_unique<FakeSleeper>(*this); }

FakeClock::FakeClock(TimePoint begin) : truth_(begin), booted_at_(begin - std::chrono::hours(1))
{
    KeptClock::begin(std::nullopt);
}

void FakeClock::set(TimePoint truth)
{
    truth_ = truth;
    for (FakeSleeper* sleeper : sleepers_)
        if (sleeper->when_ && *sleeper->when_ <= boot()) sleeper->wake();
}

std::optional<TimePoint> FakeClock::next_wake() const
{
    std::optional<std::chrono::milliseconds> next;
    for (const FakeSleeper* sleeper : sleepers_)
        if (sleeper->when_ && (!next || *sleeper->when_ < *next)) next = sleeper->when_;
    if (!next) return std::nullopt;
    return booted_at_ + *next;
}

void FakeClock::set_wall(std::chrono::milliseconds error, bool synchronised)
{
    error_ = error;
    synchronised_ = synchronised;
}

void FakeClock::stand_still(std::chrono::milliseconds length)
{
    truth_ += length;
    booted_at_ += length;
    error_ -= length;
}

void FakeClock::reboot()
{
    booted_at_ = truth_;
    ++boots_;
}

core::ClockReading FakeClock::read() const
{
    core::BootId id;
    id.value.fill(boots_);
    return {truth_ + error_, boot(), id, synchronised_};
}

std::chrono::milliseconds FakeClock::boot() const { return truth_ - booted_at_; }

// ---- telemetry ----

void RecordingTelemetry::note(Level level, std::string_view code,
                              std::initializer_list<Field> fields, boost::system::error_code error)
{
    Note& note = notes_.emplace_back(Note{level, std::string(code), {}, error});
    for (const Field& field : fields)
        note.fields.emplace(std::string(field.name), field.value);
}

std::size_t RecordingTelemetry::count(std::string_view code) const
{
    return static_cast<std::size_t>(std::ranges::count(notes_, code, &Note::code));
}

const RecordingTelemetry::Note& RecordingTelemetry::last(std::string_view code) const
{
    for (auto note = notes_.rbegin(); note != notes_.rend(); ++note)
        if (note->code == code) return *note;
    throw std::out_of_range("nobody noted " + std::string(code));
}

// ---- links ----

namespace {

struct Telling {
    std::string operator()(const protocol::Deliver& m) const
    {
        return "deliver " + std::to_string(m.slot_number);
    }
    std::string operator()(const protocol::Ring& m) const
    {
        return "ring " + std::string(tocsin::test::word(m.call.cause)) +
               (m.call.late ? " late" : "");
    }
    std::string operator()(const protocol::JournalRows& m) const
    {
        if (m.rows.size() == 1) return "row " + std::to_string(m.first_seq);
        return "rows " + std::to_string(m.first_seq) + "-" +
               std::to_string(m.first_seq + m.rows.size() - 1);
    }
    std::string operator()(const protocol::Marks& m) const
    {
        std::string text = "marks";
        for (const protocol::Mark& mark : m.marks)
            text += " " + std::to_string(mark.slot) + ":" +
                    std::to_string(static_cast<int>(mark.state));
        return text;
    }
    std::string operator()(const protocol::DirectoryChanged& m) const
    {
        return "directory " + std::to_string(m.version);
    }
    std::string operator()(const protocol::Draining&) const { return "draining"; }
    template <class Other>
    std::string operator()(const Other&) const
    {
        return "something that is not pushed";
    }
};

} // namespace

void RecordingLink::send(Frame frame)
{
    if (closed_) return;
    const Result<ByteView> message = protocol::unframe(*frame);
    ASSERT_TRUE(message);
    Result<protocol::RelayFrame> decoded = protocol::decode_relay_frame(*message);
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(decoded->request, 0u);
    ++frames_;
    // What its device does: it takes the delivery, then it rings.
    std::optional<protocol::Ring> ring;
    if (const auto* deliver = std::get_if<protocol::Deliver>(&decoded->body);
        deliver && deliver->call)
        ring = {protocol::decode_header(deliver->header).value().alert, *deliver->call};
    heard_.push_back(std::move(decoded->body));
    if (ring) heard_.emplace_back(*ring);
}

asio::awaitable<bool> RecordingLink::room()
{
    while (full_ && !closed_)
        co_await room_.wait();
    co_return !closed_;
}

void RecordingLink::close(Errc why)
{
    if (!closed_) closed_ = why;
    room_.release();
}

void RecordingLink::drain()
{
    full_ = false;
    room_.release();
}

std::string RecordingLink::take()
{
    std::string text;
    for (; taken_ < heard_.size(); ++taken_)
        text += (text.empty() ? "" : ", ") + std::visit(Telling{}, heard_[taken_]);
    return text;
}

} // namespace tocsin::service::test
