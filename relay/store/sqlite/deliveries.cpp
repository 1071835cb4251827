#include "relay/store/sqlite/deliveries.hpp"

#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/sum.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace tocsin::store::sqlite {
namespace {

struct Delivery {
    std::int64_t n = 0;
    MailboxId mailbox;
    AlertId alert;
    std::uint16_t slot = 0;
};

struct Marked {
    Mark mark;
    std::int64_t n = 0;
};

RowSum sum_of(const Delivery& delivery)
{
    return row_sum("delivery", delivery.mailbox, delivery.alert, number(delivery.slot));
}

RowSum sum_of(const Marked& row)
{
    return row_sum("mark", row.mark.alert, number(row.mark.slot), row.mark.mailbox, number(row.n),
                   number(static_cast<std::int64_t>(row.mark.state)),
                   number(milliseconds(row.mark.at)), row.mark.signature);
}

// Columns n, mailbox, alert, slot, sum.
Delivery read_delivery(const Run& found)
{
    Delivery out;
    out.n = found.integer(0);
    out.mailbox = found.id<MailboxId>(1);
    out.alert = found.id<AlertId>(2);
    const std::int64_t slot = found.integer(3);
    out.slot = static_cast<std::uint16_t>(slot);
    if (slot != out.slot || found.id<RowSum>(4) != sum_of(out))
        throw Damaged(Damage{"delivery", std::nullopt});
    return out;
}

// Columns alert, slot, mailbox, n, state, at, signature, sum.
Marked read_mark(const Run& found)
{
    Marked out;
    out.mark.alert = found.id<AlertId>(0);
    const std::int64_t slot = found.integer(1);
    out.mark.slot = static_cast<std::uint16_t>(slot);
    out.mark.mailbox = found.id<MailboxId>(2);
    out.n = found.integer(3);
    const std::int64_t state = found.integer(4);
    out.mark.state = static_cast<DeliveryState>(state);
    out.mark.at = time_point(found.integer(5));
    out.mark.signature = found.bytes(6);
    if (slot != out.mark.slot || state != static_cast<std::int64_t>(out.mark.state) ||
        found.id<RowSum>(7) != sum_of(out))
        throw Damaged(Damage{"mark", std::nullopt});
    return out;
}

std::optional<Delivery> find_delivery(Connection& connection, const AlertId& alert,
                                      std::uint16_t slot)
{
    Run found = connection.run("SELECT n, mailbox, alert, slot, sum FROM delivery "
                               "WHERE alert = ? AND slot = ?",
                               alert, std::int64_t{slot});
    if (!found.next()) return std::nullopt;
    return read_delivery(found);
}

std::optional<Marked> find_mark(Connection& connection, const AlertId& alert, std::uint16_t slot)
{
    Run found = connection.run("SELECT alert, slot, mailbox, n, state, at, signature, sum "
                               "FROM mark WHERE alert = ? AND slot = ?",
                               alert, std::int64_t{slot});
    if (!found.next()) return std::nullopt;
    return read_mark(found);
}

void write_mark(Connection& connection, const Marked& row)
{
    connection
        .run("INSERT OR REPLACE INTO mark (alert, slot, mailbox, n, state, at, signature, sum) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
             row.mark.alert, std::int64_t{row.mark.slot}, row.mark.mailbox, row.n,
             static_cast<std::int64_t>(row.mark.state), milliseconds(row.mark.at),
             ByteView(row.mark.signature), sum_of(row))
        .done();
}

void apply_mark(Connection& connection, const Mark& mark, SentMarks& sent)
{
    if (mark.state == DeliveryState::queued) return;
    const std::optional<Delivery> waiting = find_delivery(connection, mark.alert, mark.slot);
    if (waiting) {
        if (waiting->mailbox != mark.mailbox) return;
        if (mark.state == DeliveryState::sent) {
            sent.set(mark.alert, mark.slot, mark.at);
            return;
        }
        write_mark(connection, Marked{mark, waiting->n});
        connection.run("DELETE FROM delivery WHERE n = ?", waiting->n).done();
        sent.clear(mark.alert, mark.slot);
        return;
    }
    const std::optional<Marked> known = find_mark(connection, mark.alert, mark.slot);
    if (!known || known->mark.mailbox != mark.mailbox || known->mark.state >= mark.state) return;
    write_mark(connection, Marked{mark, known->n});
}

std::int64_t number_of(Connection& connection, const Pending& pending)
{
    if (const auto waiting = find_delivery(connection, pending.alert, pending.slot))
        return waiting->n;
    if (const auto marked = find_mark(connection, pending.alert, pending.slot)) return marked->n;
    return 0;
}

} // namespace

void SentMarks::set(const AlertId& alert, std::uint16_t slot, TimePoint at)
{
    const std::lock_guard lock(mutex_);
    at_.try_emplace({alert, slot}, at);
}

void SentMarks::clear(const AlertId& alert, std::uint16_t slot)
{
    const std::lock_guard lock(mutex_);
    at_.erase({alert, slot});
}

std::optional<TimePoint> SentMarks::find(const AlertId& alert, std::uint16_t slot) const
{
    const std::lock_guard lock(mutex_);
    const auto found = at_.find({alert, slot});
    if (found == at_.end()) return std::nullopt;
    return found->second;
}

void open_deliveries(Connection& connection, const AlertId& alert,
                     const std::vector<Opening>& openings)
{
    for (const Opening& opening : openings) {
        const Delivery row{0, opening.mailbox, alert, opening.slot};
        connection
            .run("INSERT OR IGNORE INTO delivery (mailbox, alert, slot, sum) SELECT ?1, ?2, ?3, ?4 "
                 "WHERE NOT EXISTS (SELECT 1 FROM mark WHERE alert = ?2 AND slot = ?3)",
                 row.mailbox, row.alert, std::int64_t{row.slot}, sum_of(row))
            .done();
    }
}

void apply_marks(Connection& connection, const std::vector<Mark>& marks, SentMarks& sent,
                 Quarantine& quarantine)
{
    for (const Mark& mark : marks) {
        try {
            apply_mark(connection, mark, sent);
        } catch (const Damaged& error) {
            // Thrown before anything of this mark was written; the others must not wait for it.
            quarantine.add(error.damage);
        }
    }
}

std::vector<Mark> load_marks(Connection& connection, AlertId alert, const SentMarks& sent)
{
    std::vector<Mark> out;
    Run marked = connection.run("SELECT alert, slot, mailbox, n, state, at, signature, sum "
                                "FROM mark WHERE alert = ?",
                                alert);
    while (marked.next())
        out.push_back(read_mark(marked).mark);
    Run waiting =
        connection.run("SELECT n, mailbox, alert, slot, sum FROM delivery WHERE alert = ?", alert);
    while (waiting.next()) {
        const Delivery row = read_delivery(waiting);
        Mark mark{alert, row.slot, row.mailbox};
        if (const auto at = sent.find(alert, row.slot)) {
            mark.state = DeliveryState::sent;
            mark.at = *at;
        }
        out.push_back(std::move(mark));
    }
    std::ranges::sort(out, {}, &Mark::slot);
    return out;
}

std::vector<Pending> load_pending(Connection& connection, MailboxId mailbox,
                                  std::optional<Pending> after, std::size_t count_max,
                                  Quarantine& quarantine)
{
    std::vector<Pending> out;
    const std::int64_t from = after ? number_of(connection, *after) : 0;
    // Only the index is read here, so that one damaged row can't hide the others.
    Run numbers = connection.run("SELECT n FROM delivery WHERE mailbox = ? AND n > ? ORDER BY n",
                                 mailbox, from);
    while (out.size() < count_max && numbers.next()) {
        try {
            Run found =
                connection.run("SELECT n, mailbox, alert, slot, sum FROM delivery WHERE n = ?",
                               numbers.integer(0));
            if (!found.next()) throw Damaged(Damage{"delivery", std::nullopt});
            const Delivery row = read_delivery(found);
            if (row.mailbox != mailbox) throw Damaged(Damage{"delivery", std::nullopt});
            if (!quarantine.contains(row.alert)) out.push_back({row.alert, row.slot});
        } catch (const Damaged& error) {
            quarantine.add(error.damage);
        } catch (const SqlError& error) {
            if ((error.code & 0xff) != SQLITE_CORRUPT) throw;
            quarantine.add(Damage{"delivery", std::nullopt});
        }
    }
    return out;
}

} // namespace tocsin::store::sqlite
