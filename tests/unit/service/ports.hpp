// The service's ports as a test sees them: time it advances, links and telemetry that remember.
#pragma once

#include "relay/service/kept_clock.hpp"
#include "relay/service/ports/links.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "tests/unit/service/latch.hpp"

#include "client-lib/protocol/link.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::service::test {

namespace asio = boost::asio;

// The clock of a relay on a machine whose clocks the test sets. They are right until told otherwise,
// and so is what the relay makes of them: then `now` is the true time.
class FakeClock final : public KeptClock {
public:
    explicit FakeClock(TimePoint begin);

    [[nodiscard]] std::unique_ptr<Sleeper> sleeper() override;

    // True time passes; wakes whoever slept until then.
    void set(TimePoint truth);
    [[nodiscard]] TimePoint truth() const { return truth_; }
    // When, in true time, the first of those who sleep wakes.
    [[nodiscard]] std::optional<TimePoint> next_wake() const;

    // The wall clock is off by so much from here on, and somebody vouches for it or nobody does.
    void set_wall(std::chrono::milliseconds error, bool synchronised);
    [[nodiscard]] bool is_synchronised() const { return synchronised_; }
    [[nodiscard]] std::chrono::milliseconds wall_error() const { return error_; }
    // The machine stands still for so long (a virtual one put aside): no clock of it counts.
    void stand_still(std::chrono::milliseconds length);
    // The machine starts again: `begin` with what was kept comes next.
    void reboot();

private:
    class FakeSleeper;
    [[nodiscard]] core::ClockReading read() const override;
    [[nodiscard]] std::chrono::milliseconds boot() const override;

    TimePoint truth_;
    TimePoint booted_at_;
    std::uint8_t boots_ = 1;
    std::chrono::milliseconds error_{};
    bool synchronised_ = true;
    std::vector<FakeSleeper*> sleepers_;
};

class RecordingTelemetry final : public Telemetry {
public:
    struct Note {
        Level level;
        std::string code;
        std::map<std::string, std::int64_t, std::less<>> fields;
        boost::system::error_code error;
    };

    void note(Level level, std::string_view code, std::initializer_list<Field> fields,
              boost::system::error_code error) override;

    [[nodiscard]] std::size_t count(std::string_view code) const;
    // The last of this code; there must be one.
    [[nodiscard]] const Note& last(std::string_view code) const;

private:
    std::vector<Note> notes_;
};

// A link whose other end is the test.
class RecordingLink final : public Link {
public:
    void send(Frame frame) override;
    [[nodiscard]] bool has_room() const override { return !full_; }
    asio::awaitable<bool> room() override;
    void close(Errc why) override;

    // While it is full, `room` waits and deliveries are withheld.
    void fill() { full_ = true; }
    void drain();

    // What came since the last call, e.g. "deliver 0, ring step".
    std::string take();
    template <class Message>
    [[nodiscard]] std::vector<Message> all() const
    {
        std::vector<Message> found;
        for (const protocol::RelayMessage& message : heard_)
            if (const auto* one = std::get_if<Message>(&message)) found.push_back(*one);
        return found;
    }
    [[nodiscard]] std::size_t frames() const { return frames_; }
    [[nodiscard]] std::optional<Errc> closed() const { return closed_; }
    [[nodiscard]] bool waits_for_room() const { return room_.waiting() > 0; }

private:
    std::vector<protocol::RelayMessage> heard_; // pushed, in order; a delivery's call after it
    std::size_t frames_ = 0;
    std::size_t taken_ = 0;
    std::optional<Errc> closed_;
    bool full_ = false;
    Latch room_;
};

} // namespace tocsin::service::test
