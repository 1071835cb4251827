// A VFS that joins what SQLite writes piece by piece.
//
// SQLite writes each page of its log in two pieces, and each page that it folds into the database alone:
// seven system calls for one alert. Here what follows directly is kept and written in one piece before the
// file is read, synced, truncated or asked for its size.
//
// Nobody can miss what is kept back. In WAL mode pages of the log are looked for by others only once its
// index names them, and with synchronous = FULL that follows the sync; what is folded in is read from
// the log until the database has been synced. A write that fails is told by the call that caused it,
// often the sync, with the same code.
#pragma once

#include <memory>
#include <string>

struct sqlite3_vfs;

namespace tocsin::store::sqlite {

// Goes after every connection that uses it. Thread safety: as SQLite's own.
class JoinedWrites {
public:
    // Over the VFS of that name; empty: the system's own.
    explicit JoinedWrites(const std::string& beneath);
    JoinedWrites(const JoinedWrites&) = delete;
    JoinedWrites& operator=(const JoinedWrites&) = delete;
    ~JoinedWrites();

    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
};

} // namespace tocsin::store::sqlite
