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

// ---- plans.cpp ----

// Whether some policy of `file` would call more devices than a plan holds.
[[nodiscard]] bool plans_overflow(const Books& books, const DirectoryFile& file);

// ---- diff.cpp ----

[[nodiscard]] std::vector<std::string> diff(const DirectoryFile* before,
                                            const DirectoryFile& after);

// ---- join.cpp ----

// The number that a person or a community has for ever; the next one for an id not seen before.
[[nodiscard]] std::uint32_t number_of(std::vector<protocol::BookNumber>& known,
                                      std::string_view id);

// The id that has this number; empty: none.
[[nodiscard]] std::string id_of(const std::vector<protocol::BookNumber>& known,
                                std::uint32_t number);
[[nodiscard]] Result<Invited> invite(Books& books, const InviteDraft& draft, TimePoint now);
// One more invitation for whoever this device belongs to.
[[nodiscard]] Result<Invited> invite_again(Books& books, const protocol::BookDevice& device,
                                           std::chrono::seconds life, std::string_view language,
                                           TimePoint now);
// How whoever knows the spoken code finds the invitation, for the routing view: until it is used.
void add_package(const Books& books, const protocol::BookInvitation& invitation,
                 protocol::RoutingDevice& to);
[[nodiscard]] Result<void> withdraw(Books& books, const Digest& invitation);
[[nodiscard]] Result<Bytes> admit(Books& books, const Digest& invitation, ByteView request_box,
                                  TimePoint now);
[[nodiscard]] Result<Asking> look(const Books& books, const Digest& invitation,
                                  ByteView request_box, TimePoint now);
[[nodiscard]] Result<void> revoke(Books& books, const DeviceId& device);
// A defender's papers, as the books know the device.
[[nodiscard]] protocol::SignedBytes certify(const Books& books, const protocol::BookDevice& device,
                                            TimePoint now);
[[nodiscard]] Digest hash_of(const protocol::BookInvitation& invitation);
[[nodiscard]] const protocol::BookContact* contact_of(const Books& books, std::string_view id);
[[nodiscard]] const protocol::BookContact* contact_of(const Books& books, std::uint32_t number);
[[nodiscard]] EnrolledDevice enrolled(const Books& books, const protocol::BookDevice& device);

// ---- rotation.cpp ----

// The root key that these books are under. Errc::damaged, not_authorised (another organisation's),
// stale (replaced).
[[nodiscard]] Result<crypto::SignKey> root_key(const Books& books, ByteView root_state);
[[nodiscard]] protocol::SignedBytes sign_directory_key(const Books& books,
                                                       const crypto::SignKey& root,
                                                       std::uint32_t number, TimePoint now);
[[nodiscard]] Result<void> rotate_directory_key(Books& books, ByteView root_state, TimePoint now);
// The new root's state.
[[nodiscard]] Result<Bytes> rotate_root(Books& books, ByteView root_state);
void renew_papers(Books& books, TimePoint now); // every defender's, under the present directory key

// ---- recovery.cpp ----

[[nodiscard]] Result<Bytes> seal_backup(const Books& books, std::string_view passphrase);
// With a new key to open sessions by, and the lost machine's as the former one.
[[nodiscard]] Result<Books> open_backup(ByteView backup, std::string_view passphrase);
[[nodiscard]] Result<Organisation::Recovery> take_over(Books& books, ByteView root_state,
                                                       ByteView bundle, ByteView roster_wrap,
                                                       TimePoint now);

// ---- requests.cpp ----

[[nodiscard]] Result<MemberWish> hear(Books& books, const Digest& device, ByteView request_box,
                                      std::string_view language, TimePoint now);

} // namespace tocsin::directory
