#include "client-lib/protocol/authorization.hpp"

#include <algorithm>

namespace tocsin::protocol {

namespace {

constexpr std::string_view head = "Tocsin key=\"";
constexpr std::string_view middle = "\", binding=\"";
constexpr std::string_view binding_name = "tls-exporter";
constexpr std::string_view tail = "\", proof=\"";

// Takes what stands before `end` and drops both.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end)
{
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at + end.size());
    return taken;
}

} // namespace

std::string encode_authorization(const Authorization& authorization)
{
    std::string header(head);
    header.append(to_base64url(authorization.key.view()));
    header.append(middle).append(binding_name).append(tail);
    header.append(to_base64url(authorization.proof)).append("\"");
    return header;
}

Result<Authorization> parse_authorization(std::string_view header)
{
    if (!header.starts_with(head)) return Errc::unauthenticated;
    header.remove_prefix(head.size());
    const auto key_text = take_until(header, middle);
    const auto binding = key_text ? take_until(header, tail) : std::nullopt;
    const auto proof_text = binding ? take_until(header, "\"") : std::nullopt;
    if (!proof_text || !header.empty()) return Errc::unauthenticated;
    if (*binding != binding_name) return Errc::unsupported_version;
    const auto key_bytes = from_base64url(*key_text);
    const auto proof_bytes = from_base64url(*proof_text);
    if (!key_bytes || !proof_bytes) return Errc::unauthenticated;
    const auto key = BoxPublicKey::from(*key_bytes);
    if (!key || proof_bytes->size() != 32) return Errc::unauthenticated;
    Authorization authorization{.key = *key};
    std::ranges::copy(*proof_bytes, authorization.proof.begin());
    return authorization;
}

} // namespace tocsin::protocol
