// The device's proof as it stands in the upgrade request:
//   Authorization: Tocsin key="<base64url>", binding="tls-exporter", proof="<base64url>"
// It names its binding, so that another can be added for clients without a TLS exporter.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <array>
#include <string>
#include <string_view>

namespace tocsin::protocol {

struct Authorization {
    BoxPublicKey key; // the device's authentication key
    std::array<std::uint8_t, 32> proof{};
};

[[nodiscard]] std::string encode_authorization(const Authorization& authorization);

// Exactly this form: Errc::unauthenticated for anything else, Errc::unsupported_version for
// another binding.
[[nodiscard]] Result<Authorization> parse_authorization(std::string_view header);

} // namespace tocsin::protocol
