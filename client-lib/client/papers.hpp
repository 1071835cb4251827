// What a device holds of its organisation: the directory, the recipients' prekeys, and its own.
//
// Thread safety and errors: as the key store's.
#pragma once

#include "client-lib/client/keystore.hpp"
#include "client-lib/client/records.hpp"
#include "client-lib/protocol/directory.hpp"

namespace tocsin::client {

// A prekey serves a week and opens for thirty days more; then what was sealed to it is gone for
// everybody.
inline constexpr std::chrono::hours prekey_rotation{7 * 24};
inline constexpr std::chrono::hours prekey_kept{30 * 24};
// A clock that jumped is set right within this; nothing is deleted before it has said so twice.
inline constexpr std::chrono::hours deletion_pause{24};

// Verifies what the relay offers and keeps it, with the trust it leads to, before anything of it is
// used. While the vault is open its roster is used at once, otherwise at the next unlock.
// True: it is newer than what was here. `Errc::rollback`, `Errc::invalid_signature`, ...
enum class Taken : std::uint8_t { known, newer };
[[nodiscard]] Result<Taken> take_directory(KeyStore& store, const protocol::Directory& offered,
                                           TimePoint now);
// Opens the kept directory's roster: names into the vault, what a panic needs into the kit, a
// renewed certificate too. Nothing to do is fine. Unlocked only: `Errc::locked`.
[[nodiscard]] Result<void> use_directory(KeyStore& store, TimePoint now);
// The roster with its names. `Errc::locked`, `Errc::not_found`.
[[nodiscard]] Result<protocol::Roster> load_roster(const KeyStore& store);
// What is trusted so far; `Errc::not_found` before the first directory.
[[nodiscard]] Result<protocol::Trust> load_trust(const KeyStore& store);

// ---- a defender's own papers ----

// What an alert carries to say who sent it.
struct SenderPapers {
    protocol::SignedBytes certificate;
    protocol::SignedBytes directory_key;
    // The recipients' own check holds: root -> directory key -> certificate -> this device. Their
    // dates are the recipients' to judge.
    bool fit = false;
    bool replaced = false; // by a newer directory key; recipients are told
};
// The newest that fit; when none do, the newest.
[[nodiscard]] SenderPapers sender_papers(const KeyStore& store, const DeviceRecord& device,
                                         const PanicRecord& panic);

// Others' prekeys, verified and never older than those held.
[[nodiscard]] Result<void> take_prekeys(KeyStore& store, const std::vector<Bytes>& offered,
                                        TimePoint now);

// ---- a contact's device: its own prekeys; the vault must be open ----

// Makes a new prekey when the last one's week is over, and drops those past their day. Returns the
// signed prekey to upload, empty when the relay has it; `relay_has` is what the relay handed out.
[[nodiscard]] Result<Bytes> rotate_prekeys(KeyStore& store, const std::vector<Bytes>& relay_has,
                                           TimePoint now);
[[nodiscard]] Result<void> prekey_uploaded(KeyStore& store, ByteView signed_prekey);
// Every private key that may open a slot.
[[nodiscard]] Result<std::vector<crypto::BoxKey>> opening_keys(const KeyStore& store);

} // namespace tocsin::client
