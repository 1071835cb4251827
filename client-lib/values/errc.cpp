// Names and words for every Errc. The words are for the person at the screen: what happened, and
// where it helps what is still safe; never blame, never a number.
#include <tocsin/errc.hpp>

#include <array>
#include <string>

namespace tocsin {
namespace {

struct Entry {
    Errc code;
    std::string_view name;
    const char* message;
};

constexpr std::array entries{
#define TOCSIN_ENTRY(code, message) Entry{Errc::code, #code, message}
    TOCSIN_ENTRY(malformed_frame, "the other side sent something that cannot be read"),
    TOCSIN_ENTRY(not_authorised, "this device is known, but may not do that"),
    TOCSIN_ENTRY(conflict, "something else is already recorded here; look again before retrying"),
    TOCSIN_ENTRY(timed_out, "no reply in time; it may or may not have arrived, and it is safe to "
                            "try again"),
    TOCSIN_ENTRY(unauthenticated, "the other side could not be recognised"),
    TOCSIN_ENTRY(unsupported_version, "the other side speaks a version this one does not know"),
    TOCSIN_ENTRY(too_large, "it is larger than can be carried"),
    TOCSIN_ENTRY(invalid_plan, "the escalation plan does not hold together"),
    TOCSIN_ENTRY(invalid_signature, "the signature does not match; it was altered or forged"),
    TOCSIN_ENTRY(not_found, "there is nothing here by that name"),
    TOCSIN_ENTRY(storage_full, "the relay's disk is full and kept nothing; answers and escalation "
                               "still work"),
    TOCSIN_ENTRY(storage_failed, "the disk refused to write, so nothing was confirmed"),
    TOCSIN_ENTRY(busy, "too much is going on just now; try again in a moment"),
    TOCSIN_ENTRY(draining, "this relay is stopping; the next address will take over"),
    TOCSIN_ENTRY(stale, "things have moved on; this came too late to count"),
    TOCSIN_ENTRY(closed, "the alert has ended"),
    TOCSIN_ENTRY(expired, "its time has run out"),
    TOCSIN_ENTRY(rollback, "an older directory than the one already known was offered and refused"),
    TOCSIN_ENTRY(quarantined, "the record is damaged; it is kept for the operator and not used"),
    TOCSIN_ENTRY(cannot_open, "it does not open with any key on this device"),
    TOCSIN_ENTRY(commitment_mismatch, "different people were shown different alerts; do not rely "
                                      "on this one"),
    TOCSIN_ENTRY(locked, "the keys on this device are locked; the passphrase is needed"),
    TOCSIN_ENTRY(wrong_passphrase, "that passphrase does not open the keys"),
    TOCSIN_ENTRY(damaged, "a file on this device is incomplete or was altered"),
    TOCSIN_ENTRY(unreachable, "no relay could be reached; what was saved here is still here"),
    TOCSIN_ENTRY(relay_forged, "the relay showed something that nobody signed; do not rely on it"),
    TOCSIN_ENTRY(invalid_argument, "the value given makes no sense here"),
    TOCSIN_ENTRY(not_joined, "this device has not joined an organisation yet"),
    TOCSIN_ENTRY(already_exists, "something is already there and is kept as it is"),
    TOCSIN_ENTRY(io_failed, "this device's disk refused to read or write"),
    TOCSIN_ENTRY(invitation_used, "somebody has already joined with this code"),
#undef TOCSIN_ENTRY
};

const Entry* find(int code) noexcept
{
    for (const Entry& entry : entries)
        if (static_cast<int>(entry.code) == code) return &entry;
    return nullptr;
}

// Boost's base class has a protected destructor that is not virtual; a static object needs no
// other.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "tocsin"; }

    std::string message(int code) const override
    {
        const Entry* entry = find(code);
        return entry ? entry->message : "something happened that this version has no words for";
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& tocsin_category() noexcept
{
    static const Category category;
    return category;
}

std::string_view name_of(Errc code) noexcept
{
    const Entry* entry = find(static_cast<int>(code));
    return entry ? entry->name : "unknown";
}

} // namespace tocsin
