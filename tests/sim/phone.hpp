// The devices of a story: one at a desk answers as people do, one in a defender's hand calls for
// help and doesn't give up. Each has a line to every relay, and dice of its own.
#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/cell.hpp"
#include "tests/sim/dice.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

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

// How people are: out of a thousand.
struct Manners {
    unsigned sleeps_on = 350;
    unsigned accepts = 400;
    unsigned resolves = 300;
    unsigned cannot_open = 20;
    unsigned odd = 1000; // of whatever else a person may say, how much is said
    std::chrono::milliseconds thinks_min = std::chrono::seconds(2);
    std::chrono::milliseconds thinks_max = std::chrono::minutes(3);
    std::chrono::seconds term_max{900};
};

// A duty officer's device.
class Desk final : public Phone {
public:
    Desk(Surroundings& around, Agenda::Actor actor, Dice dice, const service::test::Device& device,
         const std::vector<std::unique_ptr<Cell>>& cells,
         const std::unordered_map<AlertId, const Sealed*>& sealed, const Manners& manners);
    void behave(const Manners& manners) { manners_ = manners; }
    // Takes an alert that it has, or believes its sender's cancel. False: it has no such alert.
    bool accept(const AlertId& id, std::chrono::seconds term);
    bool confirm_cancel(const AlertId& id);

private:
    struct Opened {
        const Sealed* sealed = nullptr;
        std::uint16_t slot = 0;
        std::uint32_t number = 0; // of the last answer made
        // By line: said, and not confirmed.
        std::vector<std::optional<protocol::Answer>> unconfirmed{};
        bool holds = false;
        std::optional<TimePoint> rung_at{};
        std::size_t rung_by = 0;
    };
    void hear(Line& line, const protocol::RelayMessage& message) override;
    void linked(Line& line) override;
    void overhear(Line& line, const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void receive(Line& line, const protocol::Deliver& message);
    void ring(Line& line, const AlertId& id);
    void think(const AlertId& id);
    void say(const AlertId& id, Verb verb, std::uint32_t target = 0,
             std::chrono::seconds term = std::chrono::seconds(0));
    void repeat(Line& line, const AlertId& id);

    const std::unordered_map<AlertId, const Sealed*>& sealed_;
    Manners manners_;
    std::map<AlertId, Opened> opened_;
};

// A defender's device.
class Sender final : public Phone {
public:
    Sender(Surroundings& around, Agenda::Actor actor, Dice dice,
           const service::test::Device& device, const std::vector<std::unique_ptr<Cell>>& cells);
    // `restless`: out of a thousand, how much of what a defender may do after the press is done.
    void raise(const Sealed& sealed, unsigned restless = 1000);
    // The press was a mistake.
    void cancel(const AlertId& id);

private:
    struct Mine {
        const Sealed* sealed = nullptr;
        unsigned restless = 1000;
        std::vector<bool> confirmed{}; // by line
        std::uint32_t number = 0;
        std::vector<std::optional<protocol::Answer>> unconfirmed{};
        std::vector<protocol::FollowUp> words{};
        std::vector<std::size_t> words_sent{}; // by line; beyond the end: refused there
    };
    void linked(Line& line) override;
    void overhear(Line& line, const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void submit(Line& line, const AlertId& id);
    [[nodiscard]] bool is_open(const AlertId& id) const;
    void trouble(const AlertId& id);
    void say(Mine& mine, Verb verb, std::uint32_t target = 0);
    void repeat(Line& line, const AlertId& id);

    std::map<AlertId, Mine> mine_;
};

} // namespace tocsin::sim
