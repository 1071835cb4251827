// Watches everything the relay does and says whether it may. Its own idea of each alert is the
// model's, which was written from docs/escalation.md alone.
#pragma once

#include "tests/sim/model.hpp"
#include "tests/sim/relay.hpp"
#include "tests/sim/stock.hpp"

#include "client-lib/protocol/link.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tocsin::sim {

// What a story counts: a name and how often.
using Counts = std::map<std::string, std::uint64_t, std::less<>>;

class Judge final : public Witness {
public:
    // What is known of a slot's device outside the relay.
    struct World {
        std::function<TimePoint()> now;
        std::function<bool(const MailboxId&)> is_live;
        std::function<bool(const MailboxId&)> is_revoked;
        std::function<bool(const MailboxId&)> is_on_call; // by the rota
        std::function<std::uint32_t(const MailboxId&)> person_of;
    };
    Judge(World world, Counts& counts) : world_(std::move(world)), counts_(counts) {}

    // An alert that somebody is about to send.
    void expect(const Sealed& sealed);

    // ---- Witness ----
    void begins(const AlertId& id, const std::vector<store::Row>& rows) override;
    void ends(const AlertId& id, const store::Position& position,
              const boost::system::error_code& error) override;
    void marked(const std::vector<store::Mark>& marks) override;

    // ---- what devices are told ----
    void told_receipt(const protocol::Receipt& receipt);
    // A reply to an answer, the moment the relay makes it.
    void told(const protocol::Answer& question, const protocol::RelayMessage& reply);
    void told(const protocol::FollowUp& question, const protocol::RelayMessage& reply);
    void shown(const protocol::JournalRows& rows);
    void rang(const MailboxId& mailbox, const protocol::Ring& ring);

    // After a start, before anything else: what the disk has kept is compared with what was said.
    void restarted(Relay& relay);
    // Nothing that is due waits longer than it may. `since` when the relay runs undisturbed.
    void look_at_clock(TimePoint since);
    // At the end of a story.
    void look_back();

    [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
    [[nodiscard]] std::size_t confirmed() const;
    [[nodiscard]] bool is_open(const AlertId& id) const;
    // What has happened, for a person.
    void tell(const std::string& what);
    [[nodiscard]] std::vector<std::string> story() const { return story_; }

private:
    struct Case {
        const Sealed* sealed = nullptr;
        Model model;
        std::vector<Bytes> entries; // durable, as far as the store has said
        Digest head{};
        std::optional<TimePoint> deadline{}; // the model's
        bool confirmed = false;              // its sender holds a receipt
        struct Attempt {
            Bytes entry;
            Presence presence;
        };
        std::optional<Attempt> attempt{};
        std::vector<Attempt> doubtful{}; // failed on a failing disk: there, perhaps, after a start
        std::map<std::uint16_t, DeliveryState> marks{};
    };

    void wrong(std::string what);
    Case* find(const AlertId& id);
    [[nodiscard]] Presence presence_of(const Case& alert) const;
    // The next entry of an alert's journal became durable.
    void take(Case& alert, const Bytes& entry, const Presence& presence);
    void judge_reply(const AlertId& id, const Command& command, const protocol::RelayMessage& reply);

    World world_;
    Counts& counts_;
    std::map<AlertId, Case> cases_;
    std::optional<std::string> violation_;
    std::vector<std::string> story_;
};

} // namespace tocsin::sim
