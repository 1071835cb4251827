// Watches everything the relay does and says whether it may. Its own idea of each alert is the
// model's, which was written from docs/escalation.md alone.
#pragma once

#include "tests/sim/model.hpp"
#include "tests/sim/relay.hpp"
#include "tests/sim/stock.hpp"
#include "tests/sim/tally.hpp"

#include "client-lib/protocol/link.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace tocsin::sim {

// A moment of a story, for a person: hours, minutes and seconds since it began.
[[nodiscard]] std::string clock_text(TimePoint at);

class Judge final : public Witness {
public:
    // What is known outside the relay: of time, and of a slot's device.
    class World {
    public:
        virtual ~World() = default;
        [[nodiscard]] virtual TimePoint truth() const = 0;
        [[nodiscard]] virtual Moment moment() const = 0; // as the relay's clocks have it
        struct Holder {
            bool live = false;
            bool revoked = false;
            bool on_call = false;
            std::uint32_t person = 0;
        };
        [[nodiscard]] virtual Holder holder(const MailboxId& mailbox, TimePoint now) const = 0;
    };
    // `tells`: keeps the story in words. `name`: of the relay, where there are several.
    Judge(const World& world, Counts& counts, bool tells, std::string name)
        : world_(world),
          counts_(counts),
          tells_(tells),
          name_(std::move(name))
    {
    }

    // An alert that somebody is about to send.
    void expect(const Sealed& sealed);

    // ---- Witness ----
    void begins(const AlertId& id, const std::vector<store::Row>& rows,
                const store::Position& position) override;
    void ends(const AlertId& id, const store::Position& position,
              const boost::system::error_code& error) override;
    void marked(const std::vector<store::Mark>& marks) override;

    // ---- what devices are told ----
    void told_receipt(const protocol::Receipt& receipt);
    // A reply to an answer, the moment the relay makes it.
    void told(const protocol::Answer& question, const protocol::RelayMessage& reply);
    void told(const protocol::FollowUp& question, const protocol::RelayMessage& reply);
    void shown(const protocol::JournalRows& rows);
    void rang(const MailboxId& mailbox, const AlertId& id, const protocol::Call& call);

    // After a start, before anything else: what the disk has kept is compared with what was said.
    void restarted(Relay& relay);
    // Nothing that is due waits longer than it may. For a relay that has run undisturbed so long.
    void look_at_clock();
    // At the end of a story.
    void look_back();
    void wrong(std::string what);

    [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
    [[nodiscard]] bool confirmed(const AlertId& id) const;
    [[nodiscard]] bool is_open(const AlertId& id) const;
    [[nodiscard]] const Tally& tally() const { return tally_; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }
    // Equal for equal stories.
    [[nodiscard]] std::uint64_t trace() const { return trace_; }
    // What has happened, for a person.
    void tell(const std::string& what);
    struct Line {
        TimePoint at;
        std::string text;
    };
    [[nodiscard]] const std::vector<Line>& story() const { return story_; }
    // Called with each durable entry. For reports.
    using Listener = std::function<void(const Sealed&, const JournalEntry&, State)>;
    void listen(Listener listener) { listener_ = std::move(listener); }

private:
    struct Case {
        const Sealed* sealed = nullptr;
        std::size_t number = 0;
        Model model;
        State state = State::not_submitted;
        std::vector<Bytes> entries; // durable, as far as the store has said
        Digest head{};
        std::optional<TimePoint> deadline{}; // the model's
        bool confirmed = false;              // its sender holds a receipt
        struct Attempt {
            Bytes entry;
            Presence presence;
            Moment moment;
            Digest head; // of the journal with it
        };
        std::vector<Attempt> attempts{}; // several at once when an alert is sent twice
        std::vector<Attempt> doubtful{}; // failed on a failing disk: there, perhaps, after a start
        std::map<std::uint16_t, DeliveryState> marks{};
        bool changed = false; // since the last start
    };

    Case* find(const AlertId& id);
    [[nodiscard]] Presence presence_of(const Case& alert, TimePoint now) const;
    // The next entry of an alert's journal became durable.
    void take(Case& alert, const Case::Attempt& attempt);
    void set_deadline(Case& alert, std::optional<TimePoint> deadline);
    [[nodiscard]] bool is_overdue(const Case& alert, Moment moment) const;
    [[nodiscard]] static bool is_journalled(const Case& alert, const Command& command);
    void judge_reply(const AlertId& id, const Command& command,
                     const protocol::RelayMessage& reply);

    const World& world_;
    Counts& counts_;
    bool tells_;
    std::string name_;
    Tally tally_;
    std::uint64_t commits_ = 0;
    std::uint64_t trace_ = 14695981039346656037u;
    Listener listener_{};
    std::unordered_map<AlertId, Case> cases_;
    std::vector<Case*> in_order_; // as they were expected: nothing hangs on a hash
    std::set<std::pair<TimePoint, std::size_t>> due_; // when, and which of them
    std::optional<std::string> violation_;
    std::vector<Line> story_;
};

} // namespace tocsin::sim
