// What an alert's record proves: journal rows read again from the start, every word opened and
// verified, and nothing shown beyond that.
//
// Pure: time comes in. Thread safety: values.
#pragma once

#include "client-lib/client/records.hpp"
#include "client-lib/protocol/timeline.hpp"

#include <tocsin/client.hpp>

#include <memory>
#include <vector>

namespace tocsin::client {

// The road and the clocks may differ by this much before a relay is called late.
inline constexpr std::chrono::seconds late_tolerance{15};

// The envelope's open parts, as this device sealed or received them.
struct Frozen {
    protocol::Header header;
    Plan plan;
    Digest header_hash;
};
// `Errc::damaged`: they no longer parse, or the record is a stub.
[[nodiscard]] Result<Frozen> frozen(const AlertRecord& alert);

// What the notes and follow-ups beside the rows turned out to be.
enum class Proof : std::uint8_t {
    none,     // the row is nobody's word
    holds,    // opened, and signed by the device it should be of
    unproven, // not here (destroyed, withheld), or of a device that the roster doesn't know
    false_,   // here, and not what was signed
};

struct ReadLine {
    TimelineLine line;
    Proof proof = Proof::none;
};

struct Reading {
    Frozen frozen;
    protocol::Timeline timeline;
    std::vector<ReadLine> lines{};
    std::vector<ContactStatus> contacts{}; // as the plan's; names empty
    Progress progress = Progress::saved;
    std::vector<Warning> warnings{}; // sorted, each once
};

// `roster` may be null: locked. `Errc::damaged`.
[[nodiscard]] Result<Reading> read(const AlertRecord& alert, const protocol::Roster* roster,
                                   TimePoint now);

[[nodiscard]] AlertStatus status_of(const AlertRecord& alert, const protocol::Roster* roster,
                                    TimePoint now);
[[nodiscard]] AlertSummary summary_of(const AlertRecord& alert, const protocol::Roster* roster,
                                      TimePoint now);

// Takes what the relay sends of the journal into the record; the rows that hold are kept even when
// a later one doesn't. `Errc::relay_forged`: a warning was added. `Errc::stale`: a gap.
[[nodiscard]] Result<void> take_rows(AlertRecord& alert, std::uint64_t first_seq,
                                     const std::vector<protocol::JournalRow>& rows);
// False: one of them claims an `opened` that nobody signed; a warning was added.
bool take_marks(AlertRecord& alert, const std::vector<protocol::Mark>& marks);

// The sender's cancel is asked for here, was verified as free, and this device has not confirmed
// it.
[[nodiscard]] bool may_confirm_cancel(const AlertRecord& alert, const protocol::Roster* roster,
                                      TimePoint now);

void warn(AlertRecord& alert, Warning warning);

} // namespace tocsin::client
