#include "tests/bench/upgrade.hpp"

#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/link.hpp"

#include <algorithm>

namespace tocsin::bench {

namespace {

Result<crypto::SessionProofs> proofs(const crypto::BoxKey& device, const BoxPublicKey& relay,
                                     const net::ChannelBinding& binding)
{
    return crypto::session_proofs(device, relay, device.public_key(), relay,
                                  crypto::Binding::tls_exporter, binding);
}

Result<void> judge_status(std::string_view head)
{
    constexpr std::string_view version = "HTTP/1.1 ";
    if (!head.starts_with(version)) return Errc::malformed_frame;
    const std::string_view status = head.substr(version.size(), 3);
    if (status == "101") return {};
    if (status == "401") return Errc::unauthenticated;
    if (status == "403") return Errc::not_authorised;
    if (status == "429" || status == "503") return Errc::busy;
    return Errc::malformed_frame;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; }

// The value of a header; empty when there is none.
std::string_view find_header(std::string_view head, std::string_view name)
{
    constexpr std::string_view line_end = "\r\n";
    for (std::size_t at = head.find(line_end); at != std::string_view::npos;
         at = head.find(line_end)) {
        head.remove_prefix(at + line_end.size());
        const std::string_view line = head.substr(0, head.find(line_end));
        const std::size_t colon = line.find(": ");
        if (colon != std::string_view::npos &&
            std::ranges::equal(line.substr(0, colon), name, {}, lower, lower))
            return line.substr(colon + 2);
    }
    return {};
}

} // namespace

Result<std::string> upgrade_request(const crypto::BoxKey& device, const BoxPublicKey& relay,
                                    const net::ChannelBinding& binding)
{
    const auto made = proofs(device, relay, binding);
    if (!made) return made.error();
    const protocol::Authorization authorization{device.public_key(), made->device};
    // The WebSocket key guards against caches that answer for the relay: none is between us.
    return "GET " + std::string(protocol::link_path) +
           " HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dG9jc2luIGxvYWQgdGVzdA==\r\n"
           "Sec-WebSocket-Protocol: " +
           std::string(protocol::subprotocol) +
           "\r\nAuthorization: " + protocol::encode_authorization(authorization) +
           std::string(head_end);
}

Result<void> check_upgrade(std::string_view head, const crypto::BoxKey& device,
                           const BoxPublicKey& relay, const net::ChannelBinding& binding)
{
    const Result<void> agreed = judge_status(head);
    if (!agreed) return agreed;
    const auto expected = proofs(device, relay, binding);
    if (!expected) return expected.error();
    const auto shown = from_base64url(find_header(head, protocol::relay_proof_header));
    if (!shown || !crypto::same(*shown, expected->relay)) return Errc::unauthenticated;
    return {};
}

} // namespace tocsin::bench
