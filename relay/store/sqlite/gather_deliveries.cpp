// From schema 3 to 4: what waited and what was marked, a row each, becomes one row for each alert.
#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/deliveries.hpp"
#include "relay/store/sqlite/sum.hpp"

#include <algorithm>

namespace tocsin::store::sqlite {
namespace {

void gather_waiting(Connection& connection, SlotsRow& row)
{
    Run found = connection.run("SELECT n, mailbox, slot, sum FROM delivery WHERE alert = ?",
                               row.alert);
    while (found.next()) {
        SlotRecord record;
        record.order = static_cast<std::uint64_t>(found.integer(0));
        record.mailbox = found.id<MailboxId>(1);
        record.slot = static_cast<std::uint16_t>(found.integer(2));
        // A damaged one was not served before either.
        if (row_hash("delivery", record.mailbox, row.alert, number(record.slot))
                .matches(found.id<RowSum>(3)))
            row.slots.push_back(std::move(record));
    }
}

void gather_marks(Connection& connection, SlotsRow& row)
{
    Run found = connection.run(
        "SELECT slot, mailbox, n, state, at, signature, sum FROM mark WHERE alert = ?", row.alert);
    while (found.next()) {
        SlotRecord record;
        record.slot = static_cast<std::uint16_t>(found.integer(0));
        record.mailbox = found.id<MailboxId>(1);
        record.order = static_cast<std::uint64_t>(found.integer(2));
        record.state = static_cast<DeliveryState>(found.integer(3));
        record.at = time_point(found.integer(4));
        record.signature = found.bytes(5);
        if (row_hash("mark", row.alert, number(record.slot), record.mailbox,
                     number(found.integer(2)), number(found.integer(3)), number(found.integer(4)),
                     record.signature)
                .matches(found.id<RowSum>(6)))
            row.slots.push_back(std::move(record));
    }
}

} // namespace

void gather_deliveries(Connection& connection)
{
    {
        Run alerts = connection.run("SELECT n, id FROM alert NOT INDEXED");
        while (alerts.next()) {
            SlotsRow row{alerts.integer(0), alerts.id<AlertId>(1)};
            gather_waiting(connection, row);
            gather_marks(connection, row);
            std::ranges::sort(row.slots, {}, &SlotRecord::order);
            if (!row.slots.empty()) write_slots(connection, row);
        }
    }
    connection.execute("DROP TABLE delivery; DROP TABLE mark;");
}

} // namespace tocsin::store::sqlite
