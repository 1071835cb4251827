// The alerts in a key store: where each lies, how it is changed, and how it is put away when over.
//
//     kit/alert-ID       raised here and open; a stub once it is over or cancelled
//     vault.d/ended-ID   raised here and over: the whole
//     vault.d/alert-ID   received
//
// Thread safety and errors: as the key store's.
#pragma once

#include "client-lib/client/keystore.hpp"
#include "client-lib/client/records.hpp"

#include <functional>
#include <vector>

namespace tocsin::client {

// All that is known: of what was put away the whole while the vault is open, else the stub.
// `Errc::not_found`; `Errc::locked` for a received one.
[[nodiscard]] Result<AlertRecord> load_alert(const KeyStore& store, const AlertId& id);

// Every alert that can be read now.
struct AlertList {
    std::vector<AlertRecord> alerts;
    std::vector<AlertId> damaged;
};
[[nodiscard]] Result<AlertList> load_alerts(const KeyStore& store);
// Ids alone, damaged ones too; received ones while the vault is open.
[[nodiscard]] Result<std::vector<AlertId>> alert_ids(const KeyStore& store);

[[nodiscard]] Result<void> add_alert(KeyStore& store, const AlertRecord& alert);

// Loads the record under the lock, lets `change` work on it, and keeps it when that succeeds. Of
// one raised here it is what the kit holds: perhaps a stub.
using Change = std::function<Result<void>(AlertRecord&)>;
[[nodiscard]] Result<void> change_alert(KeyStore& store, const AlertId& id, const Change& change);
// The same for the whole of what was put away. Unlocked only: `Errc::locked`.
[[nodiscard]] Result<void> change_ended(KeyStore& store, const AlertId& id, const Change& change);

// Puts an alert raised here away: the whole into the vault, a stub into the kit. Inside a `Change`:
// the record becomes the stub. What still has to be sent stays with it.
[[nodiscard]] Result<void> put_away(KeyStore& store, AlertRecord& alert);

[[nodiscard]] Result<void> remove_alert(KeyStore& store, const AlertId& id);

} // namespace tocsin::client
