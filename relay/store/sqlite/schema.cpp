#include "relay/store/sqlite/schema.hpp"

#include <sqlite3.h>

#include <cassert>

namespace tocsin::store::sqlite {

void configure(Connection& connection, Access access)
{
    sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_busy_timeout(connection.handle(), 5000);
    connection.execute("PRAGMA trusted_schema = OFF");
    connection.execute("PRAGMA cell_size_check = ON");
    connection.execute("PRAGMA temp_store = MEMORY");
    // A read error of a mapped file is a signal; of an unmapped one, a value.
    connection.execute("PRAGMA mmap_size = 0");
    connection.execute("PRAGMA cache_size = -16384");
    if (access == Access::read) {
        connection.execute("PRAGMA query_only = ON");
        return;
    }
    connection.execute("PRAGMA journal_mode = WAL");
    connection.execute("PRAGMA synchronous = FULL");
    connection.execute("PRAGMA secure_delete = ON");
    // SQLite's own checkpoints swallow a failed sync; the writer makes them itself and looks.
    connection.execute("PRAGMA wal_autocheckpoint = 0");
}

Result<void> migrate(Connection& connection, std::span<const Migration> steps, std::string& problem)
{
    const std::int64_t have = connection.number("PRAGMA user_version");
    const std::int64_t owner = connection.number("PRAGMA application_id");
    if (have > 0 && owner != application_id) {
        problem = "this file is a database of another program";
        return Errc::damaged;
    }
    const auto newest = static_cast<std::int64_t>(steps.size());
    if (have > newest) {
        problem = "the database has schema " + std::to_string(have) + ", this program knows " +
                  std::to_string(newest) + ": run the newer tocsind that wrote it";
        return Errc::unsupported_version;
    }
    for (std::int64_t at = have; at < newest; ++at) {
        const Migration& step = steps[static_cast<std::size_t>(at)];
        assert(step.number == at + 1);
        connection.execute("BEGIN IMMEDIATE");
        connection.execute(step.sql);
        if (step.convert != nullptr) step.convert(connection);
        connection.execute(("PRAGMA user_version = " + std::to_string(step.number)).c_str());
        connection.execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
        connection.execute("COMMIT");
    }
    return {};
}

namespace {

std::string schema_text(Connection& connection)
{
    std::string text;
    Run found = connection.run("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name");
    while (found.next())
        for (int column = 0; column < 4; ++column)
            text += found.text(column) + '\n';
    return text;
}

} // namespace

bool has_schema(Connection& connection, std::span<const Migration> steps)
{
    Connection made(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, {});
    std::string problem;
    return migrate(made, steps, problem) && schema_text(made) == schema_text(connection);
}

} // namespace tocsin::store::sqlite
