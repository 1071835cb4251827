#include "tests/bench/filling.hpp"

#include "tests/bench/line.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/words.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <stdexcept>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t group_tasks_max = 4096;
constexpr std::size_t group_bytes_max = std::size_t{64} << 20;
// Ids are random, and each touches pages of its own in every index. Written in their order, so many
// at a time, they touch each page but once; over a million alerts they still lie scattered.
constexpr std::size_t sorted_at_once = 65'536;

constexpr std::size_t entries_of_a_past_alert = 16;
constexpr auto past_age = 24h * 40; // its content is gone
constexpr std::size_t destroyed_at_once = 10'000;

TimePoint wall_now()
{
    return std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now());
}

void require(bool done, const char* what, const boost::system::error_code& error)
{
    if (!done) throw std::runtime_error(std::string(what) + ": " + error.message());
}

// Adds an entry to what comes after the first one.
void extend(store::Append& change, Event event, TimePoint at)
{
    const std::uint64_t seq = change.position.version++;
    JournalEntry entry{.seq = seq, .at = at, .events = {}};
    entry.events.push_back(std::move(event));
    store::Row row{.entry = protocol::encode(entry), .body = {}};
    change.position.head = protocol::next_head(change.position.head, row.entry);
    change.rows.push_back(std::move(row));
}

store::Append append_to(const store::NewAlert& alert)
{
    store::Append change;
    change.id = alert.id;
    change.expected_version = alert.position.version;
    change.position = alert.position;
    return change;
}

void close(store::Append& change, TimePoint at)
{
    extend(change, Closed{Outcome::expired}, at);
    change.position.closed = true;
    change.position.deadline.reset();
    change.closed_at = at;
}

} // namespace

Plan in_two_steps(Plan plan)
{
    PlanStep& first = plan.steps.front();
    first.delay = second_step_after;
    PlanStep second{.delay = second_step_after, .contacts = {}};
    second.contacts.assign(first.contacts.begin() + 1, first.contacts.end());
    first.contacts.resize(1);
    if (!second.contacts.empty()) plan.steps.push_back(std::move(second));
    return plan;
}

Filler::Filler(Stage& stage)
    : stage_(stage),
      envelopes_(stage.run.envelopes),
      plan_(stage.run.organisation.plan.plan)
{
    store::SqliteOptions options;
    options.path = stage.process.database();
    options.group_tasks_max = group_tasks_max;
    options.group_bytes_max = group_bytes_max;
    auto opened = store::SqliteStore::open(std::move(options));
    require(opened.has_value(), "the database", opened.error());
    store_ = std::move(*opened);

    // All envelopes were sealed in one moment and of one plan: what holds of the first holds of
    // all.
    const auto envelope = protocol::parse_stored_envelope(envelopes_.envelope_of(0));
    require(envelope.has_value(), "an envelope", envelope.error());
    expires_at_ = TimePoint(envelope->header.expires_at);
    const TimePoint at = wall_now();
    core::SlotPresence there;
    there.reached = true;
    const core::Presence presence(plan_.slots.size(), there);
    auto begun = core::advance(core::begin(plan_, expires_at_), core::Submit{}, presence, at);
    require(begun.has_value(), "the plan", begun.error());
    first_events_ = std::move(begun->events);
    first_events_.emplace_back(StepReached{0});
    const core::Alert reached = core::apply(std::move(begun->next), first_events_.back(), at);
    deadline_after_ = *core::deadline(reached) - at;
}

// ---- the changes ----

store::NewAlert Filler::alert(std::uint64_t index, TimePoint at, Bytes envelope) const
{
    store::NewAlert made;
    made.id = envelopes_.id_of(index);
    made.digest = protocol::envelope_digest(envelope);
    JournalEntry entry{.seq = 0, .at = at, .events = first_events_};
    entry.events.front() = AlertStored{made.digest};
    made.row.entry = protocol::encode(entry);
    made.committed_at = at;
    made.expires_at = expires_at_;
    made.position = {.version = 1,
                     .head = protocol::next_head(envelopes_.header_hash_of(index), made.row.entry),
                     .deadline = at + deadline_after_};
    made.envelope = std::make_shared<const Bytes>(std::move(envelope));
    return made;
}

Filler::Change Filler::open(std::uint64_t index, TimePoint at) const
{
    return {.alert = alert(index, at, envelopes_.envelope_of(index))};
}

Filler::Change Filler::with_mailboxes(std::uint64_t index, TimePoint at) const
{
    Change change = open(index, at);
    for (std::uint16_t slot = 0; slot < plan_.slots.size(); ++slot)
        change.alert.openings.push_back({.mailbox = crypto::random_id<MailboxId>(), .slot = slot});
    change.end = append_to(change.alert);
    close(*change.end, at + 24h);
    return change;
}

Filler::Change Filler::past(std::uint64_t index, TimePoint at) const
{
    // An envelope that will be destroyed: any bytes do.
    Change change{.alert = alert(index, at, Bytes(16)), .end = {}};
    change.end = append_to(change.alert);
    while (change.end->position.version + 1 < entries_of_a_past_alert)
        extend(*change.end, Paged{.cause = PageCause::repeat, .slots = {0}}, at);
    close(*change.end, at);
    return change;
}

// ---- adding them ----

struct Filler::Work {
    std::vector<std::uint64_t> indices; // in the order of writing
    Make make;
    TimePoint from;
    std::chrono::milliseconds spread;
    std::uint64_t first;
    std::size_t next = 0;
};

asio::awaitable<void> Filler::add_some(Filler* self, Work* work)
{
    while (work->next < work->indices.size()) {
        const std::uint64_t index = work->indices[work->next++];
        const auto number = static_cast<std::int64_t>(index - work->first);
        const TimePoint at =
            work->from + std::chrono::milliseconds(
                             work->spread.count() > 0 ? number * 7919 % work->spread.count() : 0);
        Change change = (self->*work->make)(index, at);
        store::NewAlert alert = std::move(change.alert);
        const auto committed = co_await self->store_->insert(std::move(alert));
        require(committed.has_value(), "filling", committed.error());
        require(!committed->existed, "filling", Errc::already_exists);
        if (!change.end) continue;
        store::Append end = std::move(*change.end);
        const auto ended = co_await self->store_->append(std::move(end));
        require(ended.has_value(), "filling", ended.error());
    }
}

std::vector<AlertId> Filler::add(std::size_t count, Make make, TimePoint from, TimePoint until)
{
    Work work{.indices = {},
              .make = make,
              .from = from,
              .spread = until - from,
              .first = stage_.next_filled};
    for (std::size_t i = 0; i < count; ++i)
        work.indices.push_back(stage_.next_filled++);
    const auto id_of = [this](std::uint64_t index) { return envelopes_.id_of(index); };
    for (std::size_t i = 0; i < count; i += sorted_at_once)
        std::ranges::sort(work.indices.begin() + static_cast<std::ptrdiff_t>(i),
                          work.indices.begin() +
                              static_cast<std::ptrdiff_t>(std::min(count, i + sorted_at_once)),
                          {}, id_of);
    asio::io_context io(1);
    for (std::size_t i = 0; i < std::min(count, 2 * group_tasks_max); ++i)
        spawn(io.get_executor(), add_some(this, &work));
    io.run();
    added_ += count;
    std::vector<AlertId> ids;
    for (const std::uint64_t index : work.indices)
        ids.push_back(id_of(index));
    return ids;
}

void Filler::run(asio::awaitable<void> work)
{
    asio::io_context io(1);
    spawn(io.get_executor(), std::move(work));
    io.run();
}

std::vector<AlertId> Filler::add_open(std::size_t count, TimePoint from, TimePoint until)
{
    return add(count, &Filler::open, from - deadline_after_, until - deadline_after_);
}

void Filler::add_mailboxes(std::size_t mailboxes)
{
    const std::size_t slots = plan_.slots.size();
    const TimePoint at = wall_now() - 48h;
    add((mailboxes + slots - 1) / slots, &Filler::with_mailboxes, at, at + 24h);
}

void Filler::add_history(std::size_t entries)
{
    const TimePoint at = wall_now() - past_age;
    add((entries + entries_of_a_past_alert - 1) / entries_of_a_past_alert, &Filler::past, at,
        at + 24h);
    run(destroy_content(this, at + 48h));
}

asio::awaitable<void> Filler::destroy_content(Filler* self, TimePoint closed_before)
{
    for (;;) {
        const auto destroyed =
            co_await self->store_->destroy_content(closed_before, destroyed_at_once);
        require(destroyed.has_value(), "destroying content", destroyed.error());
        if (*destroyed == 0) co_return;
    }
}

// ---- looking at them ----

std::size_t Filler::changed(const std::vector<AlertId>& alerts)
{
    std::size_t count = 0;
    run(count_changed(this, &alerts, &count));
    return count;
}

asio::awaitable<void> Filler::count_changed(Filler* self, const std::vector<AlertId>* alerts,
                                            std::size_t* count)
{
    for (const AlertId& id : *alerts) {
        const auto stored = co_await self->store_->load(id);
        require(stored.has_value(), "looking at an alert", stored.error());
        if (stored->position.version > 1) ++*count;
    }
}

} // namespace tocsin::bench
