#include "relay/store/sqlite/writer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace tocsin::store::sqlite {
namespace {

// Pages of log before it is folded into the database, and before readers are waited for. Below 4062
// SQLite's index of the log needs no second piece, for which a full disk would have no space.
constexpr int log_frames_wanted_max = 2000;
constexpr int log_frames_max = 3500;

bool is_read_error(int code)
{
    return code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
           code == SQLITE_IOERR_CORRUPTFS;
}

bool makes_new(const std::unique_ptr<Task>& task)
{
    return task->traits.kind == TaskKind::new_alert;
}

bool wipes(const std::unique_ptr<Task>& task) { return task->traits.kind == TaskKind::wiping; }

} // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Reserve reserve, Quarantine& quarantine,
               WriterOptions options)
    : connection_(std::move(connection)),
      reserve_(std::move(reserve)),
      quarantine_(quarantine),
      options_(std::move(options)),
      runner_({options_.group_tasks_max, options_.group_bytes_max, options_.executor},
              [this](Group group) { serve(std::move(group)); })
{
    sqlite3_wal_hook(
        connection_->handle(),
        [](void* self, sqlite3*, const char*, int frames) {
            static_cast<Writer*>(self)->log_frames_ = frames;
            return SQLITE_OK;
        },
        this);
}

Writer::~Writer()
{
    runner_.stop();
    if (dead_) connection_->abandon();
}

void Writer::serve(Group group)
{
    commit(group);
    complete_all(std::move(group));
    if (!dead_) tidy();
}

void Writer::commit(Group& group)
{
    if (dead_) {
        for (const auto& task : group)
            task->fail(Errc::storage_failed);
        return;
    }
    const bool asks_for_room = std::ranges::any_of(group, makes_new);
    const Room room =
        !asks_for_room || reserve_.has_room() ? Room::for_everything : Room::for_answers;
    const Fault fault = attempt(group, room);
    if (fault == Fault::fatal) {
        die();
        for (const auto& task : group)
            task->fail(Errc::storage_failed);
        return;
    }
    if (fault != Fault::none) {
        for (const auto& task : group)
            commit_alone(task, room);
    }
    if (std::ranges::any_of(group, wipes)) {
        log_must_be_wiped_ = true;
        if (!dead_) tidy();
    }
}

void Writer::commit_alone(const std::unique_ptr<Task>& task, Room room)
{
    if (dead_) return task->fail(Errc::storage_failed);
    Fault fault = attempt({&task, 1}, room);
    if (fault == Fault::full && !makes_new(task) && reserve_.give_up())
        fault = attempt({&task, 1}, room);
    switch (fault) {
    case Fault::none:
        return;
    case Fault::full:
        return task->fail(makes_new(task) ? Errc::storage_full : Errc::storage_failed);
    case Fault::damaged:
        return task->fail(Errc::quarantined);
    case Fault::refused:
        return task->fail(Errc::storage_failed);
    case Fault::fatal:
        die();
        return task->fail(Errc::storage_failed);
    }
}

Writer::Fault Writer::attempt(std::span<const std::unique_ptr<Task>> tasks, Room room)
{
    Fault fault = Fault::none;
    committing_ = false;
    try {
        connection_->run("BEGIN IMMEDIATE").done();
        for (const auto& task : tasks)
            task->run(*connection_, room);
        options_.before_commit(*connection_);
        committing_ = true;
        connection_->run("COMMIT").done();
        ++commits_;
        options_.after_commit();
        return Fault::none;
    } catch (const Damaged& error) {
        fault = Fault::damaged;
        // In a group it is not yet known to be more than this task's affair; alone it is.
        if (tasks.size() == 1) quarantine_.add(error.damage);
    } catch (const SqlError& error) {
        fault = classify(error);
        if (fault == Fault::damaged && tasks.size() == 1)
            quarantine_.add(Damage{"page", tasks.front()->traits.alert});
    } catch (const std::exception&) {
        fault = Fault::refused;
    }
    connection_->roll_back();
    options_.after_roll_back();
    return fault;
}

Writer::Fault Writer::classify(const SqlError& error) const
{
    const int code = error.code & 0xff;
    if (is_corrupt(error)) return Fault::damaged;
    if (code == SQLITE_FULL) return Fault::full;
    if (code != SQLITE_IOERR) return Fault::refused;
    if (error.code == SQLITE_IOERR_FSYNC || error.code == SQLITE_IOERR_DIR_FSYNC)
        return Fault::fatal;
    const bool read_only_disk =
        error.code == SQLITE_IOERR_WRITE && (error.os_error == EROFS || disk_is_read_only());
    const bool harmless = read_only_disk || is_read_error(error.code);
    return committing_ && !harmless ? Fault::fatal : Fault::refused;
}

bool Writer::disk_is_read_only() const
{
    const char* path = sqlite3_db_filename(connection_->handle(), "main");
    return ::access(path, W_OK) != 0 && errno == EROFS;
}

void Writer::tidy()
{
    if (log_must_be_wiped_)
        checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    else if (log_frames_ > log_frames_max)
        checkpoint(SQLITE_CHECKPOINT_RESTART);
    else if (log_frames_ > log_frames_wanted_max)
        checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

void Writer::checkpoint(int mode)
{
    const int code =
        sqlite3_wal_checkpoint_v2(connection_->handle(), "main", mode, nullptr, nullptr);
    if (code == SQLITE_OK) {
        if (mode == SQLITE_CHECKPOINT_TRUNCATE) log_must_be_wiped_ = false;
        if (mode != SQLITE_CHECKPOINT_PASSIVE) log_frames_ = 0;
        return;
    }
    // Busy, full or read-only: the log stays as it is, and nothing in it is lost.
    committing_ = true;
    if (classify(error_of(connection_->handle(), code)) == Fault::fatal) die();
}

void Writer::die()
{
    if (dead_) return;
    dead_ = true;
    connection_->abandon();
    options_.on_fatal();
}

} // namespace tocsin::store::sqlite
