// The devices of a story: one at a desk answers as people do, one in a defender's hand calls for
// help and doesn't give up. Each has dice of its own.
#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/relay.hpp"
#include "tests/sim/stock.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace tocsin::sim {

// What a phone lives in.
struct Surroundings {
    Relay& relay;
    Judge& judge;
    Agenda& agenda;
    service::test::FakeClock& clock;
    Counts& counts;
    // How bad the network is now.
    unsigned loss_permille = 0;
    std::chrono::milliseconds delay_max{200};
    bool network = true; // shut down for everybody: false
};

class Phone {
public:
    Phone(Surroundings& around, Agenda::Actor actor, Dice dice, const crypto::BoxKey& key,
          MailboxId mailbox);
    virtual ~Phone();
    Phone(const Phone&) = delete;
    Phone& operator=(const Phone&) = delete;

    void connect();
    void hang_up(); // both sides know; what was under way is lost
    [[nodiscard]] bool is_linked() const;
    [[nodiscard]] const MailboxId& mailbox() const { return mailbox_; }
    // Off: it neither connects nor does anything.
    void switch_off();
    void switch_on();

protected:
    using OnReply = std::function<void(const protocol::RelayMessage&)>;
    // Once or, by bad luck, twice or never; the answer likewise.
    void ask(protocol::DeviceMessage message, OnReply on_reply = {});
    void later(std::chrono::milliseconds delay, std::function<void()> what);
    virtual void hear(const protocol::RelayMessage& message) = 0;
    virtual void linked() = 0;
    // A reply at the moment the relay makes it, before the network has it.
    virtual void overhear(const protocol::DeviceMessage&, const protocol::RelayMessage&) {}

    Surroundings& around_;
    Dice dice_;

    struct Session;
    std::shared_ptr<Session> session_;

private:
    void deliver(const std::shared_ptr<Session>& over, const protocol::DeviceMessage& message,
                 const OnReply& on_reply);
    void arrive(const std::shared_ptr<Session>& over, const protocol::RelayMessage& message);
    void try_again();

    Agenda::Actor actor_;
    const crypto::BoxKey& key_;
    MailboxId mailbox_;
    bool on_ = true;
    std::uint8_t connections_ = 0;
};

// A duty officer's device.
class Desk final : public Phone {
public:
    Desk(Surroundings& around, Agenda::Actor actor, Dice dice, const service::test::Device& device,
         const std::map<AlertId, const Sealed*>& sealed);

private:
    struct Opened {
        const Sealed* sealed = nullptr;
        std::uint16_t slot = 0;
        std::uint32_t number = 0;          // of the last answer made
        std::optional<protocol::Answer> unanswered{}; // said, and not confirmed
        bool holds = false;
    };
    void hear(const protocol::RelayMessage& message) override;
    void linked() override;
    void overhear(const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void receive(const protocol::Deliver& message);
    void think(const AlertId& id);
    void say(const AlertId& id, Verb verb, std::uint32_t target = 0,
             std::chrono::seconds term = std::chrono::seconds(0));
    void repeat(const AlertId& id);

    const std::map<AlertId, const Sealed*>& sealed_;
    std::map<AlertId, Opened> opened_;
};

// A defender's device.
class Sender final : public Phone {
public:
    Sender(Surroundings& around, Agenda::Actor actor, Dice dice,
           const service::test::Device& device);
    void raise(const Sealed& sealed);

private:
    struct Mine {
        const Sealed* sealed = nullptr;
        bool confirmed = false;
        std::uint32_t number = 0;
        std::optional<protocol::Answer> unanswered{};
        std::uint32_t follow_ups = 0;
        Digest last_body{};
        std::optional<protocol::FollowUp> unadded{};
    };
    void hear(const protocol::RelayMessage& message) override;
    void linked() override;
    void overhear(const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void submit(const AlertId& id);
    void trouble(const AlertId& id);
    void repeat(const AlertId& id);

    std::map<AlertId, Mine> mine_;
};

} // namespace tocsin::sim
