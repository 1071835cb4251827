// What became of each slot of an alert; conventions as in alerts.hpp.
//
// One row for each alert, however many its slots: five devices that acknowledge one alert change one
// row, once for each commit.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/mailboxes.hpp"
#include "relay/store/sqlite/quarantine.hpp"

#include <map>
#include <mutex>
#include <unordered_map>

namespace tocsin::store::sqlite {

// Which deliveries were sent but not confirmed. Only this process can know: after a restart they
// are sent again. Bounded by what waits in mailboxes.
// Thread safety: any thread.
class SentMarks {
public:
    void set(const AlertId& alert, std::uint16_t slot, TimePoint at);
    void clear(const AlertId& alert, std::uint16_t slot);
    [[nodiscard]] std::optional<TimePoint> find(const AlertId& alert, std::uint16_t slot) const;

private:
    mutable std::mutex mutex_;
    std::map<std::pair<AlertId, std::uint16_t>, TimePoint> at_;
};

// A slot that was opened, and how far it got.
struct SlotRecord {
    std::uint16_t slot = 0;
    MailboxId mailbox;
    std::uint64_t order = 0; // of opening, over all alerts
    DeliveryState state = DeliveryState::queued;
    TimePoint at{};
    Bytes signature{};

    [[nodiscard]] bool is_waiting() const { return state < DeliveryState::delivered; }
};

struct SlotsRow {
    std::int64_t n = 0; // the alert's
    AlertId alert;
    std::vector<SlotRecord> slots{};
    std::optional<bool> stored_waiting{}; // what the table says; empty: the row is not in it

    [[nodiscard]] bool is_waiting() const;
};

void write_slots(Connection& connection, const SlotsRow& row);
// The id of the alert in row `n`, if the row of its slots is sound.
std::optional<AlertId> slots_know(Connection& connection, std::int64_t n);

// The changes of the group under way, written together before it commits and told to the mailboxes
// when it has. Of the writer's thread.
class Deliveries {
public:
    Deliveries(Mailboxes& mailboxes, SentMarks& sent, Quarantine& quarantine)
        : mailboxes_(mailboxes), sent_(sent), quarantine_(quarantine)
    {
    }

    enum class Age { fresh, known }; // whether the alert can have a row already
    // A slot opens once: opening it again, waiting or delivered, changes nothing.
    void open(Connection& connection, std::int64_t n, const AlertId& alert, Age age,
              const std::vector<Opening>& openings);
    // Damaged rows are reported and left; no alert stops being served because of its marks.
    void mark(Connection& connection, const std::vector<Mark>& marks);
    // What still waits of an alert whose content goes.
    void drop_waiting(Connection& connection, const AlertId& alert);

    void write(Connection& connection);
    void committed();
    void rolled_back();

private:
    struct Change {
        MailboxId mailbox;
        Mailboxes::Entry entry;
        bool opened = false;
    };
    using Rows = std::unordered_map<AlertId, SlotsRow>;
    SlotsRow* find(Connection& connection, const AlertId& alert);
    void apply(Connection& connection, const Mark& mark);

    Mailboxes& mailboxes_;
    SentMarks& sent_;
    Quarantine& quarantine_;
    Rows rows_; // read or made by this group
    // As the table has them, while they wait: who acknowledges an alert does it soon, and one device
    // after another. The newer half and the older, which goes when the newer is full.
    Rows known_;
    Rows known_longer_;
    std::size_t known_records_ = 0; // put into the newer half
    std::vector<AlertId> changed_;
    std::vector<Change> changes_;
    std::optional<std::uint64_t> opened_{}; // slots ever, as this group leaves it
    bool opened_changed_ = false;
};

// Of the alert in row `n`. Empty when they are damaged, which is reported.
std::vector<Mark> load_marks(Connection& connection, std::int64_t n, const AlertId& alert,
                             const SentMarks& sent, Quarantine& quarantine);

// Takes up to `count_max` alerts into the mailboxes that waited there before the start; false when
// there are no more.
bool load_waiting(Connection& connection, Mailboxes& mailboxes, std::size_t count_max,
                  Quarantine& quarantine);
struct Waiting {
    Pending pending;
    std::int64_t n = 0; // the alert's row
};
std::vector<Waiting> load_pending(Connection& connection, Mailboxes& mailboxes, MailboxId mailbox,
                                  std::optional<Pending> after, std::size_t count_max,
                                  Quarantine& quarantine);

// Gathers the rows of schema 3, one for each delivery and each mark, into those of schema 4.
void gather_deliveries(Connection& connection);

} // namespace tocsin::store::sqlite
