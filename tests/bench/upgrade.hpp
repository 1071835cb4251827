// The HTTP that makes a link of a TLS connection: one request, one answer. No socket here.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/net/tls.hpp"

#include <string>
#include <string_view>

namespace tocsin::bench {

// The end of a head of HTTP.
inline constexpr std::string_view head_end = "\r\n\r\n";

// With the device's proof that it holds `device`, for this TLS connection alone.
[[nodiscard]] Result<std::string> upgrade_request(const crypto::BoxKey& device,
                                                  const BoxPublicKey& relay,
                                                  const net::ChannelBinding& binding);

// Errc::unauthenticated: it does not prove to hold `relay`; by status 403 not_authorised,
// 429 and 503 busy, else malformed_frame.
[[nodiscard]] Result<void> check_upgrade(std::string_view head, const crypto::BoxKey& device,
                                         const BoxPublicKey& relay,
                                         const net::ChannelBinding& binding);

} // namespace tocsin::bench
