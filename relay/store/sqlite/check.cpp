#include "relay/store/sqlite/check.hpp"

#include "relay/store/sqlite/alerts.hpp"

#include <sqlite3.h>

namespace tocsin::store::sqlite {
namespace {

bool is_corrupt(const SqlError& error)
{
    const int code = error.code & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CONSTRAINT;
}

bool is_sound(Connection& connection, const char* check)
{
    try {
        Run found = connection.run(check);
        return found.next() && found.text(0) == "ok";
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        return false;
    }
}

bool reindex(Connection& connection, const char* command)
{
    try {
        connection.execute(command);
        return true;
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        return false;
    }
}

struct Indexed {
    const char* table;
    const char* check;
    const char* reindex;
};
constexpr Indexed indexed[] = {
    {"alert", "PRAGMA integrity_check('alert')", "REINDEX alert"},
    {"slots", "PRAGMA integrity_check('slots')", "REINDEX slots"},
};

} // namespace

void check_at_start(Connection& connection, Quarantine& quarantine,
                    const std::function<void(std::string_view)>& notice)
{
    for (const Indexed& each : indexed) {
        if (is_sound(connection, each.check)) continue;
        if (reindex(connection, each.reindex) && is_sound(connection, each.check)) {
            if (notice) notice(std::string("a damaged index was made again: ") + each.table);
        } else {
            quarantine.add(Damage{each.table, std::nullopt});
        }
    }
    try {
        Run all = connection.run("SELECT n FROM alert NOT INDEXED");
        while (all.next()) {
            try {
                (void)find_alert(connection, all.integer(0));
            } catch (const Damaged& error) {
                quarantine.add(error.damage);
            }
        }
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        quarantine.add(Damage{"alert", std::nullopt});
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
            (void)load_alert(connection, row->id);
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
