// A device of a story, and its line to every relay: what its people do is people.hpp's.
#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/cell.hpp"
#include "tests/sim/dice.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tocsin::sim {

// What a phone lives in.
struct Surroundings {
    Agenda& agenda;
    const TimePoint& truth;
    Counts& counts;
    // Injected faults of single messages: lost and doubled.
    std::uint64_t message_faults = 0;
};

class Phone;

// One device's connections to one relay, at most one of which it believes in; others the relay may
// believe in still.
class Line {
public:
    Line(Phone& phone, Cell& cell, std::size_t number);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    void connect();
    void hang_up(); // both sides know; what was under way is lost
    [[nodiscard]] bool is_linked() const;
    // As the relay sees it.
    [[nodiscard]] bool is_live() const;
    // From now on nothing gets through in that direction; both sides find out in time, each by
    // itself.
    enum class Dead { up, down, both };
    void die(Dead direction);
    // The link of a relay that died hangs until the phone notices.
    void lose();

    using OnReply = std::function<void(const protocol::RelayMessage&)>;
    // Once or, by bad luck, twice or never; the answer likewise.
    void ask(protocol::DeviceMessage message, OnReply on_reply = {});

    [[nodiscard]] Cell& cell() { return cell_; }
    [[nodiscard]] std::size_t number() const { return number_; }
    [[nodiscard]] std::span<const std::uint8_t> binding() const;

private:
    struct Session;
    using SessionPtr = std::shared_ptr<Session>;
    struct Question {
        protocol::DeviceMessage message;
        OnReply on_reply;
        std::uint64_t number = 0;
    };
    void arrive_there(const SessionPtr& over, const std::shared_ptr<const Question>& question);
    void replied(const SessionPtr& over, const Question& question, protocol::RelayMessage reply);
    void arrive(const SessionPtr& over, protocol::RelayMessage message);
    void detach(const SessionPtr& session);
    void detach_later(const SessionPtr& session); // once the relay is awake to see it
    void try_again();

    Phone& phone_;
    Cell& cell_;
    std::size_t number_;
    SessionPtr session_;
    std::vector<SessionPtr> attached_; // as the relay has it
    std::uint8_t connections_ = 0;
    bool trying_ = false;
};

class Phone {
public:
    Phone(Surroundings& around, Agenda::Actor actor, Dice dice, const crypto::BoxKey& key,
          const std::vector<std::unique_ptr<Cell>>& cells);
    virtual ~Phone();
    Phone(const Phone&) = delete;
    Phone& operator=(const Phone&) = delete;

    void connect();
    void hang_up();
    [[nodiscard]] Line& line(std::size_t cell) { return *lines_[cell]; }
    [[nodiscard]] const Line& line(std::size_t cell) const { return *lines_[cell]; }
    [[nodiscard]] std::size_t lines() const { return lines_.size(); }
    // Off: it neither connects nor does anything.
    void switch_off();
    void switch_on();
    // A line of a village: each message takes so much longer.
    void slow_down(std::chrono::milliseconds extra) { extra_delay_ = extra; }

protected:
    friend class Line;
    void later(std::chrono::milliseconds delay, std::function<void()> what);
    virtual void hear(Line&, const protocol::RelayMessage&) {}
    virtual void linked(Line&) {}
    // A reply at the moment the relay makes it, before the network has it.
    virtual void overhear(Line&, const protocol::DeviceMessage&, const protocol::RelayMessage&) {}

    Surroundings& around_;
    Dice dice_;

private:
    Agenda::Actor actor_;
    const crypto::BoxKey& key_;
    bool on_ = true;
    std::chrono::milliseconds extra_delay_{};
    std::vector<std::unique_ptr<Line>> lines_;
};

} // namespace tocsin::sim
