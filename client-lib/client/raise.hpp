// An alert before it is sent: what it will say, who would be called, and its sealing.
//
// Thread safety and errors: as the key store's.
#pragma once

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/keystore.hpp"
#include "client-lib/client/records.hpp"

#include <tocsin/client.hpp>

namespace tocsin::client {

// Defaults when none were kept.
[[nodiscard]] Result<DeviceSettings> load_settings(const KeyStore& store);
// `Errc::invalid_argument`.
[[nodiscard]] Result<void> keep_settings(KeyStore& store, const DeviceSettings& settings);

// Who would be called, by the newest directory that is here. Errors: Device::preview.
[[nodiscard]] Result<AlertPreview> preview_alert(const KeyStore& store, const AlertContent& content,
                                                 TimePoint now);
// Seals an alert by the newest directory that is here and keeps it. Errors: Device::save.
[[nodiscard]] Result<AlertId> save_alert(KeyStore& store, const AlertContent& content,
                                         std::chrono::seconds life_max, TimePoint now);
// The same for one that was saved and not sent, in its place. Errors: Device::reseal.
[[nodiscard]] Result<void> reseal_alert(KeyStore& store, const AlertId& id,
                                        const AlertContent& content, TimePoint now);

// An alert that was saved under papers that don't hold, and was never sent. With a newer directory
// here it is sealed anew if that has mended them; in any case it may go.
[[nodiscard]] bool has_unfit_papers(const KeyStore& store, const AlertId& id);
void mend_papers(KeyStore& store, const AlertId& id, TimePoint now);

} // namespace tocsin::client
