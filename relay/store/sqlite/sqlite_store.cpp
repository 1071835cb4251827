#include "relay/store/sqlite/sqlite_store.hpp"

#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/check.hpp"
#include "relay/store/sqlite/claims.hpp"
#include "relay/store/sqlite/deliveries.hpp"
#include "relay/store/sqlite/joined_writes.hpp"
#include "relay/store/sqlite/organisation.hpp"
#include "relay/store/sqlite/reader.hpp"
#include "relay/store/sqlite/schema.hpp"
#include "relay/store/sqlite/writer.hpp"

#include <sqlite3.h>

#include <cstdlib>

#include <sys/stat.h>

namespace tocsin::store {

using namespace sqlite;

class SqliteStore::Impl {
public:
    Impl(SqliteOptions given, File lock)
        : options(std::move(given)),
          lock_(std::move(lock)),
          vfs(options.vfs),
          quarantine(options.on_damage)
    {
    }

    Result<void> start();

    template <class T>
    asio::awaitable<Result<T>> write(TaskTraits traits, Work<T> work)
    {
        return enqueue<T>(writer->runner(), std::move(traits), std::move(work));
    }
    template <class T>
    asio::awaitable<Result<T>> read(std::optional<AlertId> alert, Work<T> work)
    {
        return enqueue<T>(reader->runner(), TaskTraits{TaskKind::ordinary, alert}, std::move(work));
    }

    Result<StoredAlert> load_whole(Connection& connection, const AlertId& id)
    {
        if (quarantine.contains(id)) return Errc::quarantined;
        const auto known = named.find(id);
        const std::optional<std::int64_t> n =
            known == named.end() ? std::nullopt : std::optional(known->second);
        const std::optional<AlertRow> row = find_alert(connection, id, n);
        if (!row) return Errc::not_found;
        StoredAlert found = load_alert(connection, *row);
        found.marks = load_marks(connection, row->n, id, sent, quarantine);
        return found;
    }

    // Who asks what waits for it asks for these alerts next. By its number a row is found at once;
    // by its id, which is random, in pages that every commit changes.
    std::vector<Pending> name(const std::vector<Waiting>& waiting)
    {
        constexpr std::size_t named_max = 1024;
        if (named.size() > named_max) named.clear();
        std::vector<Pending> out;
        for (const Waiting& one : waiting) {
            named.emplace(one.pending.alert, one.n);
            out.push_back(one.pending);
        }
        return out;
    }

    SqliteOptions options;

private:
    File lock_;

public:
    JoinedWrites vfs;
    Quarantine quarantine;
    SentMarks sent;
    Mailboxes mailboxes;
    Deliveries deliveries{mailboxes, sent, quarantine}; // of the writer's thread
    Claims claims;                                      // of the reader's thread
    std::unordered_map<AlertId, std::int64_t> named;    // of the reader's thread
    // The writer goes first: its end may still abandon what the reader would fold in.
    std::unique_ptr<Reader> reader;
    std::unique_ptr<Writer> writer;
};

namespace {

constexpr int open_flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;

void tell(const SqliteOptions& options, std::string_view what)
{
    if (options.on_notice) options.on_notice(what);
}

Errc errc_of(const SqlError& error)
{
    const int code = error.code & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? Errc::damaged : Errc::storage_failed;
}

std::size_t size_of(const std::vector<Row>& rows)
{
    std::size_t bytes = 0;
    for (const Row& row : rows)
        bytes += row.entry.size() + row.body.size();
    return bytes;
}

void remove_unfinished(const std::filesystem::path& path)
{
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(beside(path, suffix), ignored);
}

void write_new_file(const SqliteOptions& options, const std::filesystem::path& path,
                    const Identity& identity)
{
    std::string problem;
    Connection connection(path, open_flags, options.vfs);
    configure(connection, Access::write);
    if (const auto migrated = migrate(connection, migrations(), problem); !migrated) {
        SqlError error;
        error.code = SQLITE_ERROR;
        error.text = problem;
        throw error;
    }
    connection.execute("BEGIN IMMEDIATE");
    write_identity(connection, identity);
    connection.execute("COMMIT");
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace

Result<void> SqliteStore::Impl::start()
{
    ::chmod(options.path.c_str(), 0600);
    auto connection = std::make_unique<Connection>(options.path, open_flags, vfs.name());
    configure(*connection, Access::write);
    std::string problem;
    if (const auto migrated = migrate(*connection, migrations(), problem); !migrated) {
        tell(options, problem);
        return migrated.error();
    }
    if (!has_schema(*connection, migrations())) {
        tell(options, "its tables are not as they were made: the disk has damaged them");
        return Errc::damaged;
    }
    // A process that ended on a failed sync may have left a log that is in memory but not on the
    // disk. Folding it in writes every page of it again, so that what is served is durable.
    connection->execute("PRAGMA wal_checkpoint(TRUNCATE)");

    auto reading = std::make_unique<Connection>(options.path, open_flags, vfs.name());
    configure(*reading, Access::read);
    reader = std::make_unique<Reader>(std::move(reading), quarantine, options.executor);

    WriterOptions writing;
    writing.group_tasks_max = options.group_tasks_max;
    writing.group_bytes_max = options.group_bytes_max;
    writing.executor = options.executor;
    writing.before_commit = [this](Connection& c) { deliveries.write(c); };
    writing.after_commit = [this] { deliveries.committed(); };
    writing.after_roll_back = [this] { deliveries.rolled_back(); };
    writing.on_fatal = [this] {
        reader->abandon();
        if (!options.on_fatal) std::abort();
        options.on_fatal(Errc::storage_failed);
    };
    Reserve reserve(options.path, options.reserve_bytes, options.free_bytes, options.on_notice);
    writer = std::make_unique<Writer>(std::move(connection), std::move(reserve), quarantine,
                                      std::move(writing));
    return {};
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::create(SqliteOptions options,
                                                         const Identity& identity)
{
    // A log without its database would be taken for the new one's.
    if (std::filesystem::exists(options.path) ||
        std::filesystem::exists(beside(options.path, "-wal"))) {
        tell(options, options.path.string() + " exists already and is kept as it is");
        return Errc::already_exists;
    }
    std::string problem;
    {
        const auto lock = lock_database(options.path, problem);
        if (!lock) {
            tell(options, problem);
            return lock.error();
        }
        const std::filesystem::path unfinished = beside(options.path, ".new");
        remove_unfinished(unfinished);
        try {
            if (const auto made = make_private_file(unfinished); !made) return made.error();
            write_new_file(options, unfinished, identity);
        } catch (const SqlError& error) {
            tell(options, error.text);
            remove_unfinished(unfinished);
            return errc_of(error);
        }
        if (const auto published = publish(unfinished, options.path); !published) {
            remove_unfinished(unfinished);
            return published.error();
        }
    }
    return open(std::move(options));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteOptions options)
{
    if (!std::filesystem::exists(options.path)) {
        tell(options, options.path.string() + " does not exist: run tocsind init first");
        return Errc::not_found;
    }
    std::string problem;
    auto lock = lock_database(options.path, problem);
    if (!lock) {
        tell(options, problem);
        return lock.error();
    }
    auto impl = std::make_unique<Impl>(std::move(options), std::move(*lock));
    try {
        if (const auto started = impl->start(); !started) return started.error();
    } catch (const SqlError& error) {
        tell(impl->options, impl->options.path.string() + ": " + error.text);
        return errc_of(error);
    }
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

asio::awaitable<Result<Identity>> SqliteStore::identity()
{
    return impl_->read<Identity>({}, [](Connection& c, Room) { return load_identity(c); });
}

asio::awaitable<Result<Committed>> SqliteStore::insert(NewAlert alert)
{
    TaskTraits traits{TaskKind::new_alert, alert.id,
                      alert.envelope->size() + alert.row.entry.size() + alert.row.body.size()};
    return impl_->write<Committed>(
        std::move(traits),
        [this, alert = std::move(alert)](Connection& c, Room room) -> Result<Committed> {
            if (impl_->quarantine.contains(alert.id)) return Errc::quarantined;
            return insert_alert(c, impl_->deliveries, alert, room);
        });
}

asio::awaitable<Result<void>> SqliteStore::append(Append change)
{
    TaskTraits traits{TaskKind::ordinary, change.id, size_of(change.rows)};
    return impl_->write<void>(
        std::move(traits), [this, change = std::move(change)](Connection& c, Room) -> Result<void> {
            if (impl_->quarantine.contains(change.id)) return Errc::quarantined;
            return append_rows(c, impl_->deliveries, change);
        });
}

asio::awaitable<Result<StoredAlert>> SqliteStore::load(AlertId id)
{
    return impl_->read<StoredAlert>(
        id, [this, id](Connection& c, Room) { return impl_->load_whole(c, id); });
}

asio::awaitable<Result<std::vector<StoredAlert>>> SqliteStore::load_many(std::vector<AlertId> ids)
{
    using All = std::vector<StoredAlert>;
    Work<All> work = [this, ids = std::move(ids)](Connection& c, Room) -> Result<All> {
        All out;
        for (const AlertId& id : ids) {
            try {
                Result<StoredAlert> found = impl_->load_whole(c, id);
                if (found) out.push_back(std::move(*found));
            } catch (const Damaged& error) {
                impl_->quarantine.add(error.damage);
            } catch (const SqlError& error) {
                if (!is_corrupt(error)) throw;
                impl_->quarantine.add(Damage{"page", id});
            }
        }
        return out;
    };
    return impl_->read<All>({}, std::move(work));
}

asio::awaitable<Result<std::vector<Row>>> SqliteStore::rows(AlertId id, std::uint64_t first,
                                                            std::size_t count_max)
{
    return impl_->read<std::vector<Row>>(
        id, [=, this](Connection& c, Room) -> Result<std::vector<Row>> {
            if (impl_->quarantine.contains(id)) return Errc::quarantined;
            return load_rows(c, id, first, count_max);
        });
}

asio::awaitable<Result<std::vector<Due>>>
SqliteStore::claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max)
{
    return impl_->read<std::vector<Due>>({}, [=, this](Connection& c, Room) {
        return impl_->claims.take(c, now, lease, count_max, impl_->quarantine);
    });
}

asio::awaitable<Result<std::optional<TimePoint>>> SqliteStore::next_deadline()
{
    return impl_->read<std::optional<TimePoint>>(
        {}, [this](Connection& c, Room) { return first_deadline(c, impl_->quarantine); });
}

asio::awaitable<Result<std::vector<AlertId>>>
SqliteStore::open_alerts(std::optional<AlertId> after, std::size_t count_max)
{
    struct Progress {
        std::vector<AlertId> found;
        std::optional<AlertId> after;
        bool more = true;
    };
    Progress progress;
    progress.after = after;
    while (progress.more) {
        // In small steps, so that other reads come in between.
        Work<Progress> work = [=, this](Connection& c, Room) -> Result<Progress> {
            Progress next = progress;
            next.more = list_open(c, next.after, count_max, next.found, impl_->quarantine);
            return next;
        };
        auto operation = impl_->read<Progress>({}, std::move(work));
        Result<Progress> done = co_await std::move(operation);
        if (!done) co_return done.error();
        progress = std::move(*done);
    }
    co_return std::move(progress.found);
}

asio::awaitable<Result<std::size_t>> SqliteStore::destroy_content(TimePoint closed_before,
                                                                  std::size_t count_max)
{
    return impl_->write<std::size_t>(TaskTraits{TaskKind::wiping}, [=, this](Connection& c, Room) {
        return destroy_contents(c, impl_->deliveries, closed_before, count_max, impl_->quarantine);
    });
}

asio::awaitable<Result<void>> SqliteStore::mark(std::vector<Mark> marks)
{
    return impl_->write<void>(
        TaskTraits{}, [this, marks = std::move(marks)](Connection& c, Room) -> Result<void> {
            impl_->deliveries.mark(c, marks);
            return {};
        });
}

asio::awaitable<Result<std::vector<Pending>>>
SqliteStore::pending(MailboxId mailbox, std::optional<Pending> after, std::size_t count_max)
{
    // In small steps, so that other reads come in between.
    constexpr std::size_t step = 256;
    for (bool more = true; more;) {
        Work<bool> work = [this](Connection& c, Room) -> Result<bool> {
            return load_waiting(c, impl_->mailboxes, step, impl_->quarantine);
        };
        auto operation = impl_->read<bool>({}, std::move(work));
        const Result<bool> loaded = co_await std::move(operation);
        if (!loaded) co_return loaded.error();
        more = *loaded;
    }
    Work<std::vector<Pending>> work = [=, this](Connection& c, Room) {
        return Result<std::vector<Pending>>(impl_->name(
            load_pending(c, impl_->mailboxes, mailbox, after, count_max, impl_->quarantine)));
    };
    auto operation = impl_->read<std::vector<Pending>>({}, std::move(work));
    co_return co_await std::move(operation);
}

asio::awaitable<Result<std::optional<PublishedDirectory>>> SqliteStore::directory()
{
    return impl_->read<std::optional<PublishedDirectory>>(
        {}, [](Connection& c, Room) { return load_directory(c); });
}

asio::awaitable<Result<void>> SqliteStore::put_directory(PublishedDirectory next)
{
    return impl_->write<void>(TaskTraits{}, [next = std::move(next)](Connection& c, Room) {
        return replace_directory(c, next);
    });
}

asio::awaitable<Result<void>> SqliteStore::put_prekeys(MailboxId mailbox,
                                                       std::vector<Bytes> prekeys)
{
    return impl_->write<void>(TaskTraits{},
                              [mailbox, prekeys = std::move(prekeys)](Connection& c, Room) {
                                  return replace_prekeys(c, mailbox, prekeys);
                              });
}

asio::awaitable<Result<std::vector<Bytes>>> SqliteStore::prekeys()
{
    return impl_->read<std::vector<Bytes>>(
        {}, [this](Connection& c, Room) { return load_prekeys(c, impl_->quarantine); });
}

asio::awaitable<Result<void>> SqliteStore::put_join_request(JoinRow request)
{
    return impl_->write<void>(TaskTraits{}, [request = std::move(request)](Connection& c, Room) {
        return write_join_request(c, request);
    });
}

asio::awaitable<Result<void>> SqliteStore::put_member_request(JoinRow request)
{
    return impl_->write<void>(TaskTraits{}, [request = std::move(request)](Connection& c, Room) {
        return write_member_request(c, request);
    });
}

asio::awaitable<Result<std::vector<JoinRow>>> SqliteStore::join_requests()
{
    return impl_->read<std::vector<JoinRow>>(
        {}, [this](Connection& c, Room) { return load_join_requests(c, impl_->quarantine); });
}

asio::awaitable<Result<void>> SqliteStore::put_join_answer(JoinRow answer)
{
    return impl_->write<void>(TaskTraits{}, [answer = std::move(answer)](Connection& c, Room) {
        return write_join_answer(c, answer);
    });
}

asio::awaitable<Result<Bytes>> SqliteStore::join_answer(Digest invitation)
{
    return impl_->read<Bytes>(
        {}, [invitation](Connection& c, Room) { return load_join_answer(c, invitation); });
}

asio::awaitable<Result<std::optional<core::TimeSample>>> SqliteStore::kept_time()
{
    return impl_->read<std::optional<core::TimeSample>>(
        {}, [](Connection& c, Room) { return load_time(c); });
}

asio::awaitable<Result<void>> SqliteStore::keep_time(core::TimeSample sample)
{
    return impl_->write<void>(TaskTraits{},
                              [sample](Connection& c, Room) { return replace_time(c, sample); });
}

std::uint64_t SqliteStore::commits() const noexcept { return impl_->writer->commits(); }

asio::awaitable<Result<void>> SqliteStore::check()
{
    constexpr std::size_t step = 64;
    Looked looked;
    while (looked.next) {
        // In small steps, so that other reads come in between.
        Work<Looked> work = [=, this](Connection& c, Room) -> Result<Looked> {
            Looked after = looked;
            look_at(c, after, step, impl_->quarantine);
            return after;
        };
        auto operation = impl_->read<Looked>({}, std::move(work));
        Result<Looked> done = co_await std::move(operation);
        if (!done) co_return done.error();
        looked = std::move(*done);
    }
    for (const char* table : looked.unsound) {
        Work<bool> work = [table](Connection& c, Room) -> Result<bool> {
            return make_indexes(c, table);
        };
        auto operation = impl_->write<bool>(TaskTraits{}, std::move(work));
        const Result<bool> made = co_await std::move(operation);
        if (!made) co_return made.error();
        if (*made)
            tell(impl_->options, std::string("a damaged index was made again: ") + table);
        else
            impl_->quarantine.add(Damage{table, std::nullopt});
    }
    if (looked.unsound.empty()) co_return Result<void>();
    // What waited may not have been found by the index as it was: it is read again.
    Work<void> work = [this](Connection&, Room) -> Result<void> {
        impl_->mailboxes.cursor = 0;
        return {};
    };
    auto operation = impl_->read<void>({}, std::move(work));
    co_return co_await std::move(operation);
}

asio::awaitable<Result<std::size_t>> SqliteStore::verify()
{
    struct Progress {
        std::optional<std::int64_t> next = 0;
        std::size_t damaged_count = 0;
    };
    constexpr std::size_t step = 128;
    Progress progress;
    while (progress.next) {
        // In small steps, so that other reads come in between.
        Work<Progress> work = [this, progress](Connection& c, Room) -> Result<Progress> {
            Progress after = progress;
            after.next =
                check_alerts(c, *progress.next, step, impl_->quarantine, after.damaged_count);
            return after;
        };
        auto operation = impl_->read<Progress>({}, std::move(work));
        const Result<Progress> done = co_await std::move(operation);
        if (!done) co_return done.error();
        progress = *done;
    }
    co_return progress.damaged_count;
}

} // namespace tocsin::store
