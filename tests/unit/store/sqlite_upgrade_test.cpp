// A database of an older program is brought to the newest schema, and everything in it is still
// there.
#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/files.hpp"
#include "relay/store/sqlite/schema.hpp"
#include "relay/store/sqlite/sum.hpp"
#include "tests/unit/store/sqlite_fixture.hpp"

#include <sqlite3.h>

namespace tocsin::store {
namespace {

using sqlite::milliseconds;
using sqlite::number;

template <class... Parts>
sqlite::RowSum row_sum(std::string_view table, Parts&&... parts)
{
    return sqlite::row_hash(table, std::forward<Parts>(parts)...).sum_before_schema_5();
}

class SqliteUpgrade : public SqliteFixture {
protected:
    // As schema 3 kept it: a row for each delivery that waits, and one for each mark.
    void write_schema_3(const NewAlert& alert, const Mark& mark)
    {
        ASSERT_TRUE(sqlite::make_private_file(path()).has_value());
        sqlite::Connection connection(path(), SQLITE_OPEN_READWRITE, "");
        configure(connection, sqlite::Access::write);
        std::string problem;
        ASSERT_TRUE(sqlite::migrate(connection, sqlite::migrations().first(3), problem)) << problem;

        const std::int64_t at = milliseconds(alert.committed_at);
        const std::int64_t expires = milliseconds(alert.expires_at);
        const auto version = static_cast<std::int64_t>(alert.position.version);
        const std::optional<std::int64_t> deadline = milliseconds(*alert.position.deadline);
        const auto envelope_sum = row_sum("envelope", alert.id, *alert.envelope);
        connection
            .run("INSERT INTO alert (n, id, digest, committed_at, expires_at, first_head, "
                 "envelope_sum, version, head, deadline, closed, destroyed, sum) "
                 "VALUES (7, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
                 alert.id, alert.digest, at, expires, alert.position.head, envelope_sum, version,
                 alert.position.head, deadline,
                 row_sum("alert", alert.id, alert.digest, number(at), number(expires),
                         alert.position.head, envelope_sum, number(version), alert.position.head,
                         number(deadline), number(std::int64_t{0}),
                         number(std::optional<std::int64_t>()), number(std::int64_t{0})))
            .done();
        connection.run("INSERT INTO envelope VALUES (7, ?)", ByteView(*alert.envelope)).done();
        const auto body_sum =
            row_sum("body", alert.id, number(std::int64_t{0}), ByteView(alert.row.body));
        connection
            .run("INSERT INTO journal VALUES (?, 0, ?, ?, ?, ?)", alert.id,
                 ByteView(alert.row.entry), ByteView(alert.row.body), body_sum,
                 row_sum("journal", alert.id, number(std::int64_t{0}), ByteView(alert.row.entry),
                         body_sum))
            .done();
        std::int64_t order = 41;
        for (const Opening& waits : alert.openings)
            connection
                .run("INSERT INTO delivery VALUES (?, ?, ?, ?, ?)", order++, waits.mailbox,
                     alert.id, std::int64_t{waits.slot},
                     row_sum("delivery", waits.mailbox, alert.id, number(std::int64_t{waits.slot})))
                .done();
        connection
            .run("INSERT INTO mark VALUES (?, ?, ?, 40, ?, ?, ?, ?)", mark.alert,
                 std::int64_t{mark.slot}, mark.mailbox, static_cast<std::int64_t>(mark.state),
                 milliseconds(mark.at), ByteView(mark.signature),
                 row_sum("mark", mark.alert, number(std::int64_t{mark.slot}), mark.mailbox,
                         number(std::int64_t{40}), number(static_cast<std::int64_t>(mark.state)),
                         number(milliseconds(mark.at)), mark.signature))
            .done();
    }
};

TEST_F(SqliteUpgrade, AlertsDeliveriesAndMarksOfSchema3AreKept)
{
    NewAlert alert = an_alert(1);
    alert.row.body = bytes_of(30, 1);
    const MailboxId box = id_of<MailboxId>(50);
    alert.openings = {{box, 2}, {box, 0}};
    const Mark mark{alert.id, 1, id_of<MailboxId>(51), DeliveryState::opened, t0, bytes_of(64, 2)};
    write_schema_3(alert, mark);
    reopen();
    ASSERT_TRUE(store_) << notices();

    const auto found = load(1);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(*found->envelope, *alert.envelope);
    EXPECT_EQ(found->rows, std::vector<Row>{alert.row});
    EXPECT_EQ(found->position, alert.position);
    EXPECT_EQ(*await(store_->pending(box, {}, 10)),
              (std::vector<Pending>{{alert.id, 2}, {alert.id, 0}}));
    EXPECT_EQ(await(store_->load(alert.id))->marks,
              (std::vector<Mark>{{alert.id, 0, box}, mark, {alert.id, 2, box}}));
    EXPECT_EQ(await(store_->claim_due(*alert.position.deadline, 1s, 10))->size(), 1u);
    EXPECT_EQ(*await(store_->open_alerts({}, 10)), std::vector<AlertId>{alert.id});

    // What opens now comes after what waited.
    NewAlert next = an_alert(2);
    next.openings = {{box, 5}};
    ASSERT_TRUE(insert(next).has_value());
    EXPECT_EQ(*await(store_->pending(box, {}, 10)),
              (std::vector<Pending>{{alert.id, 2}, {alert.id, 0}, {next.id, 5}}));
    EXPECT_EQ(damage_count(), 0u);
}

} // namespace
} // namespace tocsin::store
