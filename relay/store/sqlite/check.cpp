#include "relay/store/sqlite/check.hpp"

#include "relay/store/sqlite/alerts.hpp"

#include <algorithm>
#include <string_view>

namespace tocsin::store::sqlite {
namespace {

// Whether an index has the row; one that can't be read has not.
template <class... Values>
bool leads_to(Connection& connection, std::int64_t n, const char* sql, const Values&... values)
{
    try {
        Run found = connection.run(sql, values...);
        while (found.next())
            if (found.integer(0) == n) return true;
        return false;
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        return false;
    }
}

bool is_found(Connection& connection, const AlertRow& row)
{
    const bool by_id = leads_to(connection, row.n,
                                "SELECT n FROM alert INDEXED BY alert_id WHERE id = ? AND closed = ?",
                                row.id, std::int64_t{row.closed});
    const bool by_deadline =
        !row.deadline ||
        leads_to(connection, row.n,
                 "SELECT n FROM alert INDEXED BY alert_due WHERE deadline = ? AND n = ?",
                 *row.deadline, row.n);
    return by_id && by_deadline;
}

// Only what waits is found by its index.
bool are_slots_found(Connection& connection, std::int64_t n)
{
    Run slots = connection.run("SELECT waiting FROM slots WHERE n = ?", n);
    if (!slots.next() || slots.integer(0) != 1) return true;
    return leads_to(connection, n,
                    "SELECT n FROM slots INDEXED BY slots_waiting WHERE waiting = 1 AND n = ?", n);
}

void note_unsound(Looked& looked, const char* table)
{
    if (std::ranges::find(looked.unsound, std::string_view(table)) == looked.unsound.end())
        looked.unsound.push_back(table);
}

} // namespace

void look_at(Connection& connection, Looked& looked, std::size_t count_max, Quarantine& quarantine)
{
    std::size_t count = 0;
    try {
        Run numbers = connection.run("SELECT n FROM alert NOT INDEXED WHERE n >= ? ORDER BY n",
                                     looked.next.value_or(0));
        looked.next.reset();
        while (numbers.next()) {
            const std::int64_t n = numbers.integer(0);
            if (count++ == count_max) {
                looked.next = n;
                return;
            }
            try {
                const auto row = find_alert(connection, n);
                if (row && !is_found(connection, *row)) note_unsound(looked, "alert");
                if (!are_slots_found(connection, n)) note_unsound(looked, "slots");
            } catch (const Damaged& error) {
                quarantine.add(error.damage);
            }
        }
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        quarantine.add(Damage{"alert", std::nullopt});
    }
}

bool make_indexes(Connection& connection, const char* table)
{
    try {
        connection.execute(("REINDEX " + std::string(table)).c_str());
        return true;
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        return false;
    }
}

std::optional<std::int64_t> check_alerts(Connection& connection, std::int64_t first,
                                         std::size_t count_max, Quarantine& quarantine,
                                         std::size_t& damaged_count)
{
    std::size_t count = 0;
    Run numbers = connection.run("SELECT n FROM alert WHERE n >= ? ORDER BY n", first);
    while (numbers.next()) {
        const std::int64_t n = numbers.integer(0);
        if (count++ == count_max) return n;
        std::optional<AlertId> id;
        try {
            const auto row = find_alert(connection, n);
            if (!row) continue;
            id = row->id;
            (void)load_alert(connection, *row);
        } catch (const Damaged& error) {
            ++damaged_count;
            quarantine.add(error.damage);
        } catch (const SqlError& error) {
            if (!is_corrupt(error)) throw;
            ++damaged_count;
            quarantine.add(Damage{"alert", id});
        }
    }
    return std::nullopt;
}

} // namespace tocsin::store::sqlite
