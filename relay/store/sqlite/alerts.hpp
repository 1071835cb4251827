// Alerts, their envelopes and journals as rows. Synchronous; every function throws SqlError, or
// Damaged when a row does not match its sum. Writes check everything before the first change.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/quarantine.hpp"
#include "relay/store/sqlite/sum.hpp"
#include "relay/store/sqlite/task.hpp"

namespace tocsin::store::sqlite {

class Deliveries;

// The alert's own row, matched against its sum.
struct AlertRow {
    std::int64_t n = 0;
    AlertId id;
    Digest digest;
    std::int64_t committed_at = 0;
    std::int64_t expires_at = 0;
    Digest first_head;
    RowSum envelope_sum;
    std::int64_t version = 0;
    Digest head;
    std::optional<std::int64_t> deadline{};
    bool closed = false;
    std::optional<std::int64_t> closed_at{};
    bool destroyed = false;
};

// Empty: no such alert. `n`: its row, if the caller knows that.
std::optional<AlertRow> find_alert(Connection& connection, AlertId id,
                                   std::optional<std::int64_t> n = std::nullopt);
// Empty: no such row any more.
std::optional<AlertRow> find_alert(Connection& connection, std::int64_t n);

// All but its marks.
StoredAlert load_alert(Connection& connection, const AlertRow& row);
Result<std::vector<Row>> load_rows(Connection& connection, AlertId id, std::uint64_t first,
                                   std::size_t count_max);

std::optional<TimePoint> first_deadline(Connection& connection, const Quarantine& quarantine);

// Adds to `out`, up to `count_max` in it, in the order of ids after `after`, and moves that. A few
// thousand alerts are looked at, open or not; true: there may be more. Damaged rows are listed as well:
// whoever loads them is told.
bool list_open(Connection& connection, std::optional<AlertId>& after, std::size_t count_max,
               std::vector<AlertId>& out, Quarantine& quarantine);

Result<Committed> insert_alert(Connection& connection, Deliveries& deliveries,
                               const NewAlert& alert, Room room);
Result<void> append_rows(Connection& connection, Deliveries& deliveries, const Append& change);
std::size_t destroy_contents(Connection& connection, Deliveries& deliveries,
                             TimePoint closed_before, std::size_t count_max,
                             Quarantine& quarantine);

inline std::int64_t milliseconds(TimePoint at) { return at.time_since_epoch().count(); }
inline TimePoint time_point(std::int64_t at) { return TimePoint{std::chrono::milliseconds{at}}; }

} // namespace tocsin::store::sqlite
