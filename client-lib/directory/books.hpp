// What the admin's books do, on their plain state: publishing, joining, keys. Organisation is the
// public face of these. A function that fails has changed nothing.
#pragma once

#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/organisation_state.hpp"

#include <tocsin/directory.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

using Books = protocol::OrganisationState;

inline constexpr std::chrono::days manifest_life{30};
inline constexpr std::chrono::days manifest_warning{10};
inline constexpr std::chrono::days directory_key_life{365};
inline constexpr std::chrono::days directory_key_warning{60};
inline constexpr std::chrono::days certificate_life{365};
// Papers with less than this left are renewed by the next publication: it reaches a device at its
// next connection, which may be months away.
inline constexpr std::chrono::days certificate_renewal{180};

[[nodiscard]] inline protocol::Seconds seconds_of(TimePoint at)
{
    return std::chrono::floor<std::chrono::seconds>(at);
}

// ---- publish.cpp ----

[[nodiscard]] Result<Bytes> publish(Books& books, const DirectoryFile& file, TimePoint now);
// The predecessor of what comes next is the newest of these that the relay may have.
[[nodiscard]] Result<void> confirm(Books& books, std::uint64_t version);
[[nodiscard]] std::vector<Organisation::Publication> pending(const Books& books);
// The file last published; empty when none was.
[[nodiscard]] std::optional<DirectoryFile> published_file(const Books& books);
// Whether some policy of `file` would call more devices than a plan holds.
[[nodiscard]] bool plans_overflow(const Books& books, const DirectoryFile& file);

// ---- diff.cpp ----

[[nodiscard]] std::vector<std::string> diff(const DirectoryFile* before,
                                            const DirectoryFile& after);

// ---- join.cpp ----

[[nodiscard]] Result<Invited> invite(Books& books, InviteAs as, std::string_view who,
                                     std::chrono::seconds life, TimePoint now);
[[nodiscard]] Result<void> withdraw(Books& books, const Digest& invitation);
[[nodiscard]] Result<Bytes> admit(Books& books, const Digest& invitation, ByteView request_box,
                                  TimePoint now);
[[nodiscard]] Result<void> revoke(Books& books, const DeviceId& device);
[[nodiscard]] protocol::SignedBytes certify(const Books& books, const protocol::DeviceCard& card,
                                            const std::string& pseudonym, TimePoint now);
[[nodiscard]] Digest hash_of(const protocol::BookInvitation& invitation);
[[nodiscard]] const protocol::BookContact* contact_of(const Books& books, std::string_view id);
[[nodiscard]] const protocol::BookContact* contact_of(const Books& books, std::uint32_t number);

} // namespace tocsin::directory
