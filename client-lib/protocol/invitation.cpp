#include "client-lib/protocol/invitation.hpp"

#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/protocol/directory_wire.hpp"

#include <algorithm>
#include <cassert>

namespace tocsin::protocol {
namespace {

constexpr std::string_view code_prefix = "tocsin1:";
constexpr std::size_t code_bytes_max = 16384;
constexpr std::size_t check_bytes = 4;

} // namespace

std::string encode_code(const Invitation& invitation)
{
    Bytes body = wire::invitation(invitation);
    const Digest check = crypto::hash("invitation/check", {body});
    body.insert(body.end(), check.value.begin(), check.value.begin() + check_bytes);
    return std::string(code_prefix) + to_base64url(body);
}

Result<Invitation> decode_code(std::string_view code)
{
    if (code.size() > 2 * code_bytes_max) return Errc::malformed_frame;
    std::string text;
    std::ranges::copy_if(code, std::back_inserter(text), [](char c) {
        return c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v';
    });
    if (!text.starts_with(code_prefix)) return Errc::malformed_frame;
    const std::optional<Bytes> bytes =
        from_base64url(std::string_view(text).substr(code_prefix.size()));
    if (!bytes || bytes->size() <= check_bytes || bytes->size() > code_bytes_max)
        return Errc::malformed_frame;
    const ByteView body = ByteView(*bytes).first(bytes->size() - check_bytes);
    const Digest check = crypto::hash("invitation/check", {body});
    if (!std::equal(check.value.begin(), check.value.begin() + check_bytes,
                    bytes->end() - check_bytes))
        return Errc::malformed_frame;
    return wire::parse_invitation(body);
}

crypto::BoxKey invitation_auth_key(ByteView secret)
{
    return crypto::BoxKey::from_secret(crypto::derive("invitation/auth", secret, {}).view());
}

} // namespace tocsin::protocol
