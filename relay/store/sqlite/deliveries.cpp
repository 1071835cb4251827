#include "relay/store/sqlite/deliveries.hpp"

#include "relay/store/sqlite/alerts.hpp"
#include "relay/store/sqlite/sum.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tocsin::store::sqlite {
namespace {

#define TOCSIN_SLOTS_COLUMNS "SELECT n, alert, waiting, bytes, sum FROM slots "

constexpr std::size_t known_records_max = 8192; // of some 100 bytes

// ---- the bytes of a row: for each slot, in order of opening,
//      slot (2) | mailbox (16) | order (8) | state (1) | at (8) | size (1) | signature

class Writing {
public:
    explicit Writing(std::size_t bytes) { bytes_.reserve(bytes); }
    void number(std::uint64_t value, int size)
    {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    void bytes(ByteView value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
    Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

class Reading {
public:
    explicit Reading(ByteView bytes) : left_(bytes) {}
    [[nodiscard]] bool at_end() const { return left_.empty(); }
    // Short input reads as zeros: the sum was right, so it is not met but in a damaged row.
    ByteView bytes(std::size_t size)
    {
        const ByteView found = left_.first(std::min(size, left_.size()));
        left_ = left_.subspan(found.size());
        return found;
    }
    std::uint64_t number(std::size_t size)
    {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : bytes(size))
            value = value << 8 | byte;
        return value;
    }

private:
    ByteView left_;
};

constexpr std::size_t record_bytes_max = 2 + MailboxId::bytes + 8 + 1 + 8 + 1 + Signature::bytes;

Bytes encode(const std::vector<SlotRecord>& slots)
{
    Writing out(slots.size() * record_bytes_max);
    for (const SlotRecord& record : slots) {
        out.number(record.slot, 2);
        out.bytes(record.mailbox.view());
        out.number(record.order, 8);
        out.number(static_cast<std::uint64_t>(record.state), 1);
        out.number(static_cast<std::uint64_t>(milliseconds(record.at)), 8);
        assert(record.signature.size() <= Signature::bytes);
        out.number(record.signature.size(), 1);
        out.bytes(record.signature);
    }
    return out.take();
}

std::vector<SlotRecord> decode(ByteView bytes)
{
    std::vector<SlotRecord> slots;
    Reading in(bytes);
    while (!in.at_end()) {
        SlotRecord& record = slots.emplace_back();
        record.slot = static_cast<std::uint16_t>(in.number(2));
        record.mailbox = MailboxId::from(in.bytes(MailboxId::bytes)).value_or(MailboxId{});
        record.order = in.number(8);
        record.state = static_cast<DeliveryState>(in.number(1));
        record.at = time_point(static_cast<std::int64_t>(in.number(8)));
        const ByteView signature = in.bytes(in.number(1));
        record.signature.assign(signature.begin(), signature.end());
    }
    return slots;
}

auto hash_of(const AlertId& alert, std::int64_t n, ByteView bytes)
{
    return row_hash("slots", alert, number(n), bytes);
}

// Columns as TOCSIN_SLOTS_COLUMNS.
SlotsRow read_slots(const Run& found)
{
    SlotsRow row;
    row.n = found.integer(0);
    row.alert = found.id<AlertId>(1);
    const ByteView bytes = found.view(3);
    if (!hash_of(row.alert, row.n, bytes).matches(found.id<RowSum>(4)))
        throw Damaged(Damage{"slots", std::nullopt});
    row.slots = decode(bytes);
    row.stored_waiting = row.is_waiting();
    if (found.integer(2) != std::int64_t{*row.stored_waiting})
        throw Damaged(Damage{"slots", row.alert});
    return row;
}

std::optional<SlotsRow> find_slots(Connection& connection, const AlertId& alert)
{
    Run found = connection.run(
        TOCSIN_SLOTS_COLUMNS "WHERE n = (SELECT n FROM alert WHERE id = ?)", alert);
    if (!found.next()) return std::nullopt;
    SlotsRow row = read_slots(found);
    if (row.alert != alert) throw Damaged(Damage{"slots", std::nullopt});
    return row;
}

std::optional<SlotsRow> find_slots(Connection& connection, std::int64_t n)
{
    Run found = connection.run(TOCSIN_SLOTS_COLUMNS "WHERE n = ?", n);
    if (!found.next()) return std::nullopt;
    return read_slots(found);
}

SlotRecord* find_record(SlotsRow& row, std::uint16_t slot)
{
    const auto found = std::ranges::find(row.slots, slot, &SlotRecord::slot);
    return found == row.slots.end() ? nullptr : &*found;
}

} // namespace

bool SlotsRow::is_waiting() const { return std::ranges::any_of(slots, &SlotRecord::is_waiting); }

void write_slots(Connection& connection, const SlotsRow& row)
{
    const Bytes bytes = encode(row.slots);
    const RowSum sum = hash_of(row.alert, row.n, bytes).sum();
    // What is named here is written into its index again, changed or not.
    if (row.stored_waiting == row.is_waiting())
        connection
            .run("UPDATE slots SET bytes = ?, sum = ? WHERE n = ?", ByteView(bytes), sum, row.n)
            .done();
    else
        connection
            .run("INSERT OR REPLACE INTO slots (n, alert, waiting, bytes, sum) "
                 "VALUES (?, ?, ?, ?, ?)",
                 row.n, row.alert, std::int64_t{row.is_waiting()}, ByteView(bytes), sum)
            .done();
}

std::optional<AlertId> slots_know(Connection& connection, std::int64_t n)
{
    try {
        const std::optional<SlotsRow> row = find_slots(connection, n);
        if (row) return row->alert;
    } catch (const Damaged&) {
        // Whoever reads it for itself reports it.
    }
    return std::nullopt;
}

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

SlotsRow* Deliveries::find(Connection& connection, const AlertId& alert)
{
    const auto read = rows_.find(alert);
    if (read != rows_.end()) return &read->second;
    // Out of the known ones until it is written: a group that is rolled back leaves nothing behind.
    for (Rows* known : {&known_, &known_longer_})
        if (auto node = known->extract(alert)) return &rows_.insert(std::move(node)).position->second;
    std::optional<SlotsRow> row = find_slots(connection, alert);
    if (!row) return nullptr;
    return &rows_.emplace(alert, std::move(*row)).first->second;
}

void Deliveries::open(Connection& connection, std::int64_t n, const AlertId& alert, Age age,
                      const std::vector<Opening>& openings)
{
    if (openings.empty()) return;
    SlotsRow* row = nullptr;
    try {
        if (age == Age::known) row = find(connection, alert);
    } catch (const Damaged& error) {
        // What became of the others can't be known; these are opened all the same.
        quarantine_.add(error.damage);
    }
    if (row == nullptr) row = &rows_.emplace(alert, SlotsRow{n, alert, {}}).first->second;
    if (!opened_) opened_ = static_cast<std::uint64_t>(connection.number("SELECT count FROM opened"));
    for (const Opening& opening : openings) {
        if (find_record(*row, opening.slot) != nullptr) continue;
        row->slots.push_back({.slot = opening.slot, .mailbox = opening.mailbox, .order = ++*opened_});
        opened_changed_ = true;
        changes_.push_back({opening.mailbox, {*opened_, n}, true});
    }
    changed_.push_back(alert);
}

void Deliveries::apply(Connection& connection, const Mark& mark)
{
    if (mark.state == DeliveryState::queued) return;
    SlotsRow* row = find(connection, mark.alert);
    SlotRecord* record = row == nullptr ? nullptr : find_record(*row, mark.slot);
    if (record == nullptr || record->mailbox != mark.mailbox || record->state >= mark.state) return;
    if (mark.state == DeliveryState::sent) {
        sent_.set(mark.alert, mark.slot, mark.at);
        return;
    }
    if (record->is_waiting()) {
        changes_.push_back({record->mailbox, {record->order, row->n}, false});
        sent_.clear(mark.alert, mark.slot);
    }
    record->state = mark.state;
    record->at = mark.at;
    record->signature = mark.signature;
    changed_.push_back(mark.alert);
}

void Deliveries::mark(Connection& connection, const std::vector<Mark>& marks)
{
    for (const Mark& mark : marks) {
        try {
            apply(connection, mark);
        } catch (const Damaged& error) {
            // Thrown before anything of this mark was changed; the others must not wait for it.
            quarantine_.add(error.damage);
        }
    }
}

void Deliveries::drop_waiting(Connection& connection, const AlertId& alert)
{
    try {
        SlotsRow* row = find(connection, alert);
        if (row == nullptr) return;
        for (const SlotRecord& record : row->slots)
            if (record.is_waiting())
                changes_.push_back({record.mailbox, {record.order, row->n}, false});
        std::erase_if(row->slots, [](const SlotRecord& record) { return record.is_waiting(); });
        changed_.push_back(alert);
    } catch (const Damaged& error) {
        quarantine_.add(error.damage);
    }
}

void Deliveries::write(Connection& connection)
{
    std::ranges::sort(changed_);
    const auto again = std::ranges::unique(changed_);
    changed_.erase(again.begin(), again.end());
    for (const AlertId& alert : changed_)
        write_slots(connection, rows_.at(alert));
    if (opened_changed_)
        connection
            .run("INSERT OR REPLACE INTO opened (one, count) VALUES (1, ?)",
                 static_cast<std::int64_t>(*opened_))
            .done();
}

void Deliveries::committed()
{
    for (const Change& change : changes_) {
        if (change.opened)
            mailboxes_.add(change.mailbox, change.entry);
        else
            mailboxes_.remove(change.mailbox, change.entry.order);
    }
    for (auto each = rows_.begin(); each != rows_.end();) {
        SlotsRow& row = each->second;
        row.stored_waiting = row.is_waiting();
        const auto written = each++;
        if (!*row.stored_waiting) continue;
        known_records_ += row.slots.size();
        known_.insert(rows_.extract(written));
    }
    if (known_records_ > known_records_max) {
        known_longer_ = std::exchange(known_, {});
        known_records_ = 0;
    }
    const auto opened = opened_;
    rolled_back();
    opened_ = opened;
}

void Deliveries::rolled_back()
{
    rows_.clear();
    changed_.clear();
    changes_.clear();
    opened_.reset();
    opened_changed_ = false;
}

std::vector<Mark> load_marks(Connection& connection, std::int64_t n, const AlertId& alert,
                             const SentMarks& sent, Quarantine& quarantine)
{
    std::vector<Mark> out;
    std::optional<SlotsRow> row;
    try {
        row = find_slots(connection, n);
        if (row && row->alert != alert) throw Damaged(Damage{"slots", std::nullopt});
    } catch (const Damaged& error) {
        quarantine.add(error.damage);
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        quarantine.add(Damage{"slots", std::nullopt});
    }
    if (!row) return out;
    for (const SlotRecord& record : row->slots) {
        Mark mark{alert, record.slot, record.mailbox, record.state, record.at, record.signature};
        if (record.is_waiting()) {
            if (const auto at = sent.find(alert, record.slot)) {
                mark.state = DeliveryState::sent;
                mark.at = *at;
            }
        }
        out.push_back(std::move(mark));
    }
    std::ranges::sort(out, {}, &Mark::slot);
    return out;
}

bool load_waiting(Connection& connection, Mailboxes& mailboxes, std::size_t count_max,
                  Quarantine& quarantine)
{
    if (!mailboxes.cursor) return false;
    // Only the index is read by this statement; the rows one by one, so that a damaged one can't hide
    // the others.
    Run numbers = connection.run(
        "SELECT n FROM slots WHERE waiting = 1 AND n > ? ORDER BY n LIMIT ?", *mailboxes.cursor,
        static_cast<std::int64_t>(count_max));
    std::size_t count = 0;
    for (; numbers.next(); ++count) {
        mailboxes.cursor = numbers.integer(0);
        try {
            const std::optional<SlotsRow> row = find_slots(connection, *mailboxes.cursor);
            if (!row) throw Damaged(Damage{"slots", std::nullopt});
            for (const SlotRecord& record : row->slots)
                if (record.is_waiting()) mailboxes.add(record.mailbox, {record.order, row->n});
        } catch (const Damaged& error) {
            quarantine.add(error.damage);
        } catch (const SqlError& error) {
            if (!is_corrupt(error)) throw;
            quarantine.add(Damage{"slots", std::nullopt});
        }
    }
    if (count < count_max) mailboxes.cursor.reset();
    return mailboxes.cursor.has_value();
}

namespace {

std::uint64_t order_of(Connection& connection, const Pending& pending)
{
    std::optional<SlotsRow> row = find_slots(connection, pending.alert);
    const SlotRecord* record = row ? find_record(*row, pending.slot) : nullptr;
    return record == nullptr ? 0 : record->order;
}

} // namespace

std::vector<Waiting> load_pending(Connection& connection, Mailboxes& mailboxes, MailboxId mailbox,
                                  std::optional<Pending> after, std::size_t count_max,
                                  Quarantine& quarantine)
{
    std::vector<Waiting> out;
    std::uint64_t from = after ? order_of(connection, *after) : 0;
    while (out.size() < count_max) {
        const auto entries = mailboxes.list(mailbox, from, count_max - out.size());
        if (entries.empty()) break;
        for (const Mailboxes::Entry& entry : entries) {
            from = entry.order;
            try {
                const std::optional<SlotsRow> row = find_slots(connection, entry.n);
                const SlotRecord* waits = nullptr;
                if (row) {
                    const auto same =
                        std::ranges::find(row->slots, entry.order, &SlotRecord::order);
                    if (same != row->slots.end() && same->is_waiting()) waits = &*same;
                }
                // Taken while what waited was read.
                if (waits == nullptr)
                    mailboxes.remove(mailbox, entry.order);
                else if (!quarantine.contains(row->alert))
                    out.push_back({{row->alert, waits->slot}, entry.n});
            } catch (const Damaged& error) {
                quarantine.add(error.damage);
            } catch (const SqlError& error) {
                if (!is_corrupt(error)) throw;
                quarantine.add(Damage{"slots", std::nullopt});
            }
        }
    }
    return out;
}

} // namespace tocsin::store::sqlite
