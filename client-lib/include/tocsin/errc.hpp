/// Every failure a caller or a peer can act on, and the Result that carries it.
///
/// Thread safety: everything here is immutable after start.
#pragma once

#include "tocsin/export.hpp"

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string_view>

namespace tocsin {

/// The numbers are wire format (Error.code in link.proto): append, never renumber.
enum class Errc {
    // What a relay answers.
    malformed_frame = 1,      ///< The peer broke framing; the connection cannot continue.
    not_authorised = 2,       ///< The identity is known; the action is not allowed.
    conflict = 3,             ///< Another alert has this id, or someone changed the record first.
    timed_out = 4,            ///< The deadline passed; the outcome is unknown, safe to retry.
    unauthenticated = 5,      ///< No proof, or a proof that does not hold.
    unsupported_version = 6,  ///< A version, suite or binding this side does not speak.
    too_large = 7,            ///< Beyond a bound of limits.hpp.
    invalid_plan = 8,         ///< The plan breaks a rule of docs/protocol.md.
    invalid_signature = 9,    ///< A signature does not hold over the transmitted bytes.
    not_found = 10,           ///< No such alert, invitation or record here.
    storage_full = 11,        ///< Nothing was kept; answers and escalation still work.
    storage_failed = 12,      ///< The disk refused; nothing was confirmed.
    busy = 13,                ///< A bound was reached; try again after a moment.
    draining = 14,            ///< The relay is stopping; use the next address.
    stale = 15,               ///< The number, step or version was already passed.
    closed = 16,              ///< The alert has ended.
    expired = 17,             ///< The alert, key or invitation is past its expiry.
    rollback = 18,            ///< A directory older than one already seen was offered.
    quarantined = 19,         ///< The record is damaged; kept for the operator, not served.
    // What only happens on this side of the wire.
    cannot_open = 32,         ///< The slot or payload does not open with any key held here.
    commitment_mismatch = 33, ///< Sender or relay showed different alerts to different people.
    locked = 34,              ///< The key store needs its passphrase.
    wrong_passphrase = 35,    ///< The passphrase does not open the key store.
    damaged = 36,             ///< A local file is torn or altered.
    unreachable = 37,         ///< No relay address answered.
    relay_forged = 38,        ///< The relay showed something nobody signed.
    invalid_argument = 39,    ///< The caller's value makes no sense; the message says which.
    not_joined = 40,          ///< This key store belongs to no organisation yet.
    already_exists = 41,      ///< It would overwrite something that is kept.
    io_failed = 42,           ///< The local disk refused.
    invitation_used = 43,     ///< Somebody joined with this code already.
};

TOCSIN_EXPORT const boost::system::error_category& tocsin_category() noexcept;

/// Stable name of a code, e.g. "storage_full": for logs, --json and docs. Never translated.
TOCSIN_EXPORT std::string_view name_of(Errc code) noexcept;

inline boost::system::error_code make_error_code(Errc e) noexcept
{
    return {static_cast<int>(e), tocsin_category()};
}

/// A value or the reason why there is none. Ignoring one is a compiler warning at every call
/// declared [[nodiscard]].
template <class T>
using Result = boost::system::result<T>;

} // namespace tocsin

template <>
struct boost::system::is_error_code_enum<tocsin::Errc> : std::true_type {};
