#include "relay/store/sqlite/connection.hpp"

#include <sqlite3.h>

namespace tocsin::store::sqlite {
namespace {

constexpr std::size_t copied_bytes_max = 128;

[[noreturn]] void refuse(sqlite3* db, int code) { throw error_of(db, code); }

void check(sqlite3* db, int code)
{
    if (code != SQLITE_OK) refuse(db, code);
}

} // namespace

SqlError error_of(sqlite3* db, int code)
{
    SqlError error;
    error.code = code;
    error.text = sqlite3_errstr(code);
    // sqlite3_system_errno() knows nothing of a failed COMMIT; the file system does.
    sqlite3_vfs* vfs = nullptr;
    if (db) sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
    if (vfs && vfs->xGetLastError) error.os_error = vfs->xGetLastError(vfs, 0, nullptr);
    return error;
}

bool is_corrupt(const SqlError& error) noexcept
{
    const int code = error.code & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CONSTRAINT;
}

Run::~Run()
{
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Run::bind(int at, std::int64_t value)
{
    check(db_, sqlite3_bind_int64(statement_, at, value));
}

void Run::bind(int at, ByteView value)
{
    // A null pointer would bind NULL, not an empty blob.
    const void* data = value.empty() ? "" : static_cast<const void*>(value.data());
    auto keep = value.size() <= copied_bytes_max ? SQLITE_TRANSIENT : SQLITE_STATIC;
    check(db_, sqlite3_bind_blob64(statement_, at, data, value.size(), keep));
}

void Run::bind(int at, std::nullopt_t) { check(db_, sqlite3_bind_null(statement_, at)); }

bool Run::next()
{
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    refuse(db_, code);
}

bool Run::is_null(int column) const
{
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Run::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<std::int64_t> Run::optional_integer(int column) const
{
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

ByteView Run::view(int column) const
{
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return {data, data ? static_cast<std::size_t>(size) : 0};
}

Bytes Run::bytes(int column) const
{
    const ByteView found = view(column);
    return {found.begin(), found.end()};
}

std::string Run::text(int column) const
{
    const ByteView found = view(column);
    return {found.begin(), found.end()};
}

Connection::Connection(const std::string& path, int flags, const std::string& vfs)
{
    const int code =
        sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        vfs.empty() ? nullptr : vfs.c_str());
    if (code == SQLITE_OK) return;
    sqlite3_close_v2(std::exchange(db_, nullptr));
    throw error_of(nullptr, code);
}

Connection::~Connection()
{
    for (auto& [sql, statement] : statements_)
        sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

void Connection::execute(const char* sql)
{
    check(db_, sqlite3_exec(db_, sql, nullptr, nullptr, nullptr));
}

std::int64_t Connection::number(const char* sql)
{
    sqlite3_stmt* statement = nullptr;
    check(db_, sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr));
    const int code = sqlite3_step(statement);
    const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) refuse(db_, code);
    return value;
}

bool Connection::is_in_transaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }

void Connection::roll_back() noexcept
{
    if (is_in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Connection::abandon() noexcept
{
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

sqlite3_stmt* Connection::prepared(const char* sql)
{
    sqlite3_stmt*& statement = statements_[sql];
    if (!statement)
        check(db_,
              sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
}

} // namespace tocsin::store::sqlite
