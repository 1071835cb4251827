// One SQLite connection and its prepared statements. Used by one thread.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::store::sqlite {

// SQLite refused. Thrown inside the engine and caught where a task ends, never seen by a caller.
struct SqlError : std::exception {
    int code = 0;     // extended result code
    int os_error = 0; // errno behind it, or 0
    std::string text;

    [[nodiscard]] const char* what() const noexcept override { return text.c_str(); }
};

// A page is not what it should be; or a constraint failed: what must not exist was checked before, so
// that has met a row that an index or its own key has lost.
[[nodiscard]] bool is_corrupt(const SqlError& error) noexcept;

// What `db` says about `code`, which it has just returned. `db` may be null.
SqlError error_of(sqlite3* db, int code);

// One execution of a prepared statement; gives it back at the end of its life.
class Run {
public:
    explicit Run(sqlite3* db, sqlite3_stmt* statement) noexcept : db_(db), statement_(statement) {}
    Run(Run&& other) noexcept : db_(other.db_), statement_(std::exchange(other.statement_, nullptr))
    {
    }
    Run& operator=(Run&&) = delete;
    ~Run();

    // Small values are copied, large ones must outlive the Run.
    void bind(int at, std::int64_t value);
    void bind(int at, ByteView value);
    void bind(int at, std::nullopt_t);
    template <class Tag, std::size_t N>
    void bind(int at, const Id<Tag, N>& value)
    {
        bind(at, value.view());
    }
    template <class T>
    void bind(int at, const std::optional<T>& value)
    {
        if (value)
            bind(at, *value);
        else
            bind(at, std::nullopt);
    }

    // True while there is a row.
    bool next();
    void done()
    {
        while (next()) {
        }
    }

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
    [[nodiscard]] ByteView view(int column) const; // until next()
    [[nodiscard]] Bytes bytes(int column) const;
    [[nodiscard]] std::string text(int column) const;
    // Zero when the column has another size: the row's sum then shows the damage.
    template <class AnId>
    [[nodiscard]] AnId id(int column) const
    {
        return AnId::from(view(column)).value_or(AnId{});
    }

private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
};

class Connection {
public:
    // Throws SqlError. `flags` are SQLITE_OPEN_*; an empty `vfs` is the system's.
    Connection(const std::string& path, int flags, const std::string& vfs);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    void execute(const char* sql);
    std::int64_t number(const char* sql);

    // `sql` is a literal: its address is the name of the prepared statement.
    template <class... Values>
    Run run(const char* sql, const Values&... values)
    {
        Run made(db_, prepared(sql));
        int at = 0;
        (made.bind(++at, values), ...);
        return made;
    }

    [[nodiscard]] bool is_in_transaction() const noexcept;
    // Leaves any transaction, whatever SQLite has already left by itself.
    void roll_back() noexcept;
    // The log is not folded in at the end: after a failed sync nothing may sync again.
    void abandon() noexcept;

    [[nodiscard]] sqlite3* handle() noexcept { return db_; }

private:
    sqlite3_stmt* prepared(const char* sql);

    sqlite3* db_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

} // namespace tocsin::store::sqlite
