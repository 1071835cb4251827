#include "relay/store/sqlite/alerts.hpp"

#include "relay/store/sqlite/deliveries.hpp"

#include <sqlite3.h>

#include <cassert>

namespace tocsin::store::sqlite {
namespace {

#define TOCSIN_ALERT_COLUMNS                                                                       \
    "SELECT n, id, digest, committed_at, expires_at, first_head, envelope_sum, version, head, "    \
    "deadline, closed, closed_at, destroyed, sum FROM alert "

auto hash_of(const AlertRow& row)
{
    return row_hash("alert", row.id, row.digest, number(row.committed_at), number(row.expires_at),
                    row.first_head, row.envelope_sum, number(row.version), row.head,
                    number(row.deadline), number(row.closed), number(row.closed_at),
                    number(row.destroyed));
}

auto hash_of_envelope(const AlertId& id, ByteView bytes) { return row_hash("envelope", id, bytes); }

auto hash_of_body(const AlertId& id, std::int64_t seq, ByteView body)
{
    return row_hash("body", id, number(seq), body);
}

auto hash_of_entry(const AlertId& id, std::int64_t seq, ByteView entry, ByteView body_sum)
{
    return row_hash("journal", id, number(seq), entry, body_sum);
}

AlertRow read_alert(const Run& found, std::optional<AlertId> wanted)
{
    AlertRow row;
    row.n = found.integer(0);
    row.id = found.id<AlertId>(1);
    row.digest = found.id<Digest>(2);
    row.committed_at = found.integer(3);
    row.expires_at = found.integer(4);
    row.first_head = found.id<Digest>(5);
    row.envelope_sum = found.id<RowSum>(6);
    row.version = found.integer(7);
    row.head = found.id<Digest>(8);
    row.deadline = found.optional_integer(9);
    const std::int64_t closed = found.integer(10);
    row.closed = closed != 0;
    row.closed_at = found.optional_integer(11);
    const std::int64_t destroyed = found.integer(12);
    row.destroyed = destroyed != 0;
    const bool canonical = (closed | destroyed) >> 1 == 0;
    if (!canonical || !hash_of(row).matches(found.id<RowSum>(13)) ||
        (wanted && row.id != *wanted)) {
        Damage damage{"alert", wanted ? *wanted : row.id};
        throw Damaged(std::move(damage));
    }
    return row;
}

[[noreturn]] void damaged(const char* where, const AlertId& id)
{
    throw Damaged(Damage{where, id});
}

Row read_entry(const Run& found, const AlertRow& alert, std::int64_t seq)
{
    Row row;
    const ByteView body_sum = found.view(3);
    if (found.integer(0) != seq) damaged("journal", alert.id);
    row.entry = found.bytes(1);
    if (!hash_of_entry(alert.id, seq, row.entry, body_sum).matches(found.id<RowSum>(4)))
        damaged("journal", alert.id);
    if (found.is_null(2)) {
        if (!body_sum.empty() && !alert.destroyed) damaged("journal", alert.id);
        return row;
    }
    row.body = found.bytes(2);
    const std::optional<RowSum> kept = RowSum::from(body_sum);
    if (!kept || !hash_of_body(alert.id, seq, row.body).matches(*kept))
        damaged("journal", alert.id);
    return row;
}

std::vector<Row> read_journal(Connection& connection, const AlertRow& alert, std::int64_t first,
                              std::int64_t count)
{
    std::vector<Row> rows;
    Run found = connection.run("SELECT seq, entry, body, body_sum, sum FROM journal "
                               "WHERE n = ? AND seq >= ? ORDER BY seq LIMIT ?",
                               alert.n, first, count);
    while (found.next())
        rows.push_back(read_entry(found, alert, first + static_cast<std::int64_t>(rows.size())));
    if (static_cast<std::int64_t>(rows.size()) != count) damaged("journal", alert.id);
    return rows;
}

void write_entry(Connection& connection, std::int64_t n, const AlertId& id, std::int64_t seq,
                 const Row& row)
{
    std::optional<RowSum> body_sum;
    std::optional<ByteView> body;
    if (!row.body.empty()) {
        body = row.body;
        body_sum = hash_of_body(id, seq, row.body).sum();
    }
    const ByteView body_sum_view = body_sum ? body_sum->view() : ByteView{};
    connection
        .run("INSERT INTO journal (n, seq, entry, body, body_sum, sum) "
             "VALUES (?, ?, ?, ?, ?, ?)",
             n, seq, ByteView(row.entry), body, body_sum,
             hash_of_entry(id, seq, row.entry, body_sum_view).sum())
        .done();
}

// What is named here is written into its indexes again, changed or not.
void move_alert(Connection& connection, const AlertRow& row)
{
    connection
        .run("UPDATE alert SET version = ?, head = ?, deadline = ?, sum = ? WHERE n = ?",
             row.version, row.head, row.deadline, hash_of(row).sum(), row.n)
        .done();
}

void close_alert(Connection& connection, const AlertRow& row)
{
    connection
        .run("UPDATE alert SET version = ?, head = ?, deadline = ?, closed = ?, closed_at = ?, "
             "destroyed = ?, sum = ? WHERE n = ?",
             row.version, row.head, row.deadline, std::int64_t{row.closed}, row.closed_at,
             std::int64_t{row.destroyed}, hash_of(row).sum(), row.n)
        .done();
}

void set_position(AlertRow& row, const Position& position)
{
    row.version = static_cast<std::int64_t>(position.version);
    row.head = position.head;
    row.deadline.reset();
    if (position.deadline) row.deadline = milliseconds(*position.deadline);
    row.closed = position.closed;
}

SharedBytes read_envelope(Connection& connection, const AlertRow& alert)
{
    if (alert.destroyed) return nullptr;
    Run found = connection.run("SELECT bytes FROM envelope WHERE n = ?", alert.n);
    if (!found.next() || !hash_of_envelope(alert.id, found.view(0)).matches(alert.envelope_sum))
        damaged("envelope", alert.id);
    return std::make_shared<const Bytes>(found.bytes(0));
}

void destroy_content(Connection& connection, Deliveries& deliveries, AlertRow row)
{
    row.destroyed = true;
    close_alert(connection, row);
    connection.run("DELETE FROM envelope WHERE n = ?", row.n).done();
    connection.run("UPDATE journal SET body = NULL WHERE n = ? AND body IS NOT NULL", row.n).done();
    deliveries.drop_waiting(connection, row.id);
}

} // namespace

std::optional<AlertRow> find_alert(Connection& connection, AlertId id,
                                   std::optional<std::int64_t> n)
{
    Run found = n ? connection.run(TOCSIN_ALERT_COLUMNS "WHERE n = ?", *n)
                  : connection.run(TOCSIN_ALERT_COLUMNS "WHERE id = ?", id);
    if (!found.next()) return std::nullopt;
    return read_alert(found, id);
}

std::optional<AlertRow> find_alert(Connection& connection, std::int64_t n)
{
    Run found = connection.run(TOCSIN_ALERT_COLUMNS "WHERE n = ?", n);
    if (!found.next()) return std::nullopt;
    try {
        return read_alert(found, std::nullopt);
    } catch (const Damaged& error) {
        // The id itself may be what is damaged: the row of its slots has it as well.
        const std::optional<AlertId> id = slots_know(connection, n);
        if (id) damaged("alert", *id);
        throw;
    }
}

StoredAlert load_alert(Connection& connection, const AlertRow& row)
{
    StoredAlert out;
    out.id = row.id;
    out.committed = {row.digest, time_point(row.committed_at), row.first_head, true};
    out.envelope = read_envelope(connection, row);
    out.expires_at = time_point(row.expires_at);
    out.rows = read_journal(connection, row, 0, row.version);
    out.position.version = static_cast<std::uint64_t>(row.version);
    out.position.head = row.head;
    if (row.deadline) out.position.deadline = time_point(*row.deadline);
    out.position.closed = row.closed;
    return out;
}

Result<std::vector<Row>> load_rows(Connection& connection, AlertId id, std::uint64_t first,
                                   std::size_t count_max)
{
    const std::optional<AlertRow> row = find_alert(connection, id);
    if (!row) return Errc::not_found;
    const auto version = static_cast<std::uint64_t>(row->version);
    if (first >= version) return std::vector<Row>{};
    const std::uint64_t count = std::min<std::uint64_t>(version - first, count_max);
    return read_journal(connection, *row, static_cast<std::int64_t>(first),
                        static_cast<std::int64_t>(count));
}

std::optional<TimePoint> first_deadline(Connection& connection, const Quarantine& quarantine)
{
    Run found = connection.run("SELECT n FROM alert WHERE deadline IS NOT NULL "
                               "ORDER BY deadline, n");
    while (found.next()) {
        // A damaged row is for claim_due to report; here it counts as due at once.
        std::optional<AlertRow> row;
        try {
            row = find_alert(connection, found.integer(0));
        } catch (const Damaged& error) {
            if (error.damage.alert && quarantine.contains(*error.damage.alert)) continue;
            return TimePoint{};
        }
        if (!row || !row->deadline || quarantine.contains(row->id)) continue;
        return time_point(*row->deadline);
    }
    return std::nullopt;
}

bool list_open(Connection& connection, std::optional<AlertId>& after, std::size_t count_max,
               std::vector<AlertId>& out, Quarantine& quarantine)
{
    constexpr std::int64_t looked_at_max = 4096;
    // Before every id there is the empty one.
    const ByteView from = after ? after->view() : ByteView{};
    const std::size_t had = out.size();
    std::int64_t looked_at = 0;
    const auto take = [&](Run found) {
        out.resize(had);
        for (looked_at = 0; out.size() < count_max && found.next(); ++looked_at) {
            after = found.id<AlertId>(0);
            if (found.integer(1) == 0) out.push_back(*after);
        }
    };
    try {
        take(connection.run("SELECT id, closed FROM alert WHERE id > ? ORDER BY id LIMIT ?", from,
                            looked_at_max));
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        // The index is damaged. It is made again at the next start; until then the table serves.
        quarantine.add(Damage{"alert_id", std::nullopt});
        take(connection.run("SELECT id, closed FROM alert NOT INDEXED WHERE id > ? "
                            "ORDER BY id LIMIT ?",
                            from, looked_at_max));
    }
    return out.size() < count_max && looked_at == looked_at_max;
}

Result<Committed> insert_alert(Connection& connection, Deliveries& deliveries,
                               const NewAlert& alert, Room room)
{
    assert(alert.position.version == 1 && alert.envelope);
    {
        Run found = connection.run(TOCSIN_ALERT_COLUMNS "WHERE id = ?", alert.id);
        if (found.next()) {
            const AlertRow row = read_alert(found, alert.id);
            return Committed{row.digest, time_point(row.committed_at), row.first_head, true};
        }
    }
    if (room == Room::for_answers) return Errc::storage_full;

    AlertRow row;
    row.id = alert.id;
    row.digest = alert.digest;
    row.committed_at = milliseconds(alert.committed_at);
    row.expires_at = milliseconds(alert.expires_at);
    row.first_head = alert.position.head;
    row.envelope_sum = hash_of_envelope(alert.id, *alert.envelope).sum();
    set_position(row, alert.position);
    connection
        .run("INSERT INTO alert (id, digest, committed_at, expires_at, first_head, envelope_sum, "
             "version, head, deadline, closed, destroyed, sum) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
             row.id, row.digest, row.committed_at, row.expires_at, row.first_head, row.envelope_sum,
             row.version, row.head, row.deadline, std::int64_t{row.closed}, hash_of(row).sum())
        .done();
    row.n = sqlite3_last_insert_rowid(connection.handle());
    connection
        .run("INSERT INTO envelope (n, bytes) VALUES (?, ?)", row.n, ByteView(*alert.envelope))
        .done();
    write_entry(connection, row.n, alert.id, 0, alert.row);
    deliveries.open(connection, row.n, alert.id, Deliveries::Age::fresh, alert.openings);
    return Committed{alert.digest, alert.committed_at, alert.position.head, false};
}

Result<void> append_rows(Connection& connection, Deliveries& deliveries, const Append& change)
{
    assert(change.position.version == change.expected_version + change.rows.size());
    std::optional<AlertRow> row = find_alert(connection, change.id);
    if (!row) return Errc::not_found;
    if (row->version != static_cast<std::int64_t>(change.expected_version)) return Errc::conflict;
    std::int64_t seq = row->version;
    for (const Row& entry : change.rows)
        write_entry(connection, row->n, change.id, seq++, entry);
    set_position(*row, change.position);
    if (change.closed_at && !row->closed_at) row->closed_at = milliseconds(*change.closed_at);
    if (row->closed)
        close_alert(connection, *row);
    else
        move_alert(connection, *row);
    deliveries.open(connection, row->n, row->id, Deliveries::Age::known, change.openings);
    return {};
}

std::size_t destroy_contents(Connection& connection, Deliveries& deliveries,
                             TimePoint closed_before, std::size_t count_max, Quarantine& quarantine)
{
    std::vector<std::int64_t> numbers;
    {
        Run found = connection.run("SELECT n FROM alert WHERE closed_at IS NOT NULL AND "
                                   "destroyed = 0 AND closed_at < ? ORDER BY closed_at",
                                   milliseconds(closed_before));
        while (found.next())
            numbers.push_back(found.integer(0));
    }
    std::size_t count = 0;
    for (const std::int64_t n : numbers) {
        if (count == count_max) break;
        std::optional<AlertRow> row;
        try {
            row = find_alert(connection, n);
        } catch (const Damaged& error) {
            // When it closed can't be known: it may be an open alert with a flipped bit.
            quarantine.add(error.damage);
            continue;
        }
        if (!row || row->destroyed || !row->closed_at ||
            *row->closed_at >= milliseconds(closed_before))
            continue;
        destroy_content(connection, deliveries, *row);
        ++count;
    }
    return count;
}

} // namespace tocsin::store::sqlite
