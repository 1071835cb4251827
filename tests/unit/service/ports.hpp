// The service's ports as a test sees them: time it advances, links and telemetry that remember.
#pragma once

#include "relay/service/ports/clock.hpp"
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

class FakeClock final : public Clock {
public:
    explicit FakeClock(TimePoint begin) : now_(begin) {}

    [[nodiscard]] TimePoint now() const override { return now_; }
    [[nodiscard]] std::unique_ptr<Sleeper> sleeper() override;

    // Wakes whoever slept until then.
    void set(TimePoint now);
    // The earliest time that somebody sleeps until.
    [[nodiscard]] std::optional<TimePoint> next_wake() const;

private:
    class FakeSleeper;
    TimePoint now_;
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
    asio::awaitable<bool> room() override;
    void close(Errc why) override;

    // While it is full, `room` waits.
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
    [[nodiscard]] std::optional<Errc> closed() const { return closed_; }
    [[nodiscard]] bool waits_for_room() const { return room_.waiting() > 0; }

private:
    std::vector<protocol::RelayMessage> heard_; // pushed, in order
    std::size_t taken_ = 0;
    std::optional<Errc> closed_;
    bool full_ = false;
    Latch room_;
};

} // namespace tocsin::service::test
