// The sealed boxes of joining, and the roster under its key. Devices alone open and seal these: in
// a file of its own, which the relay does not link.
#include "client-lib/protocol/invitation.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/padding.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace tocsin::protocol {
namespace {

constexpr std::size_t join_box_step = 1024;
constexpr std::size_t roster_step = 4096;

Bytes seal_box(std::string_view purpose, ByteView secret, Bytes plaintext)
{
    Bytes text = padded(plaintext, join_box_step);
    const crypto::Secret<32> key = crypto::derive(purpose, secret, {});
    Bytes box = crypto::seal(key.view(), text, {});
    return box;
}

Result<Bytes> open_box(std::string_view purpose, ByteView secret, ByteView box)
{
    const crypto::Secret<32> key = crypto::derive(purpose, secret, {});
    const Result<Bytes> text = crypto::open(key.view(), box, {});
    if (!text) return text.error();
    return unpadded(*text, join_box_step);
}

constexpr std::string_view request_key = "invitation/request";
constexpr std::string_view answer_key = "invitation/answer";

Bytes wrap_info(const OrgId& org) { return crypto::labelled("roster/wrap", {org.view()}); }

Bytes box_aad(const OrgId& org, std::uint64_t version)
{
    return crypto::labelled("roster/box", {org.view(), crypto::be64(version)});
}

Result<std::pair<crypto::Secret<32>, SignedBytes>>
open_wrap(ByteView wrap, const crypto::BoxKey& device, const OrgId& org)
{
    Result<Bytes> opened = crypto::hpke::open(device, wrap_info(org), {}, wrap);
    if (!opened) return opened.error();
    auto parsed = wire::parse_roster_wrap(*opened);
    crypto::wipe(*opened);
    return parsed;
}

} // namespace

Bytes seal_join_request(const JoinRequestBody& body, ByteView secret)
{
    return seal_box(request_key, secret, wire::join_request(body));
}

Result<JoinRequestBody> open_join_request(ByteView box, ByteView secret)
{
    const Result<Bytes> body = open_box(request_key, secret, box);
    if (!body) return body.error();
    return wire::parse_join_request(*body);
}

Bytes seal_join_answer(const JoinAnswerBody& body, ByteView secret)
{
    return seal_box(answer_key, secret, wire::join_answer(body));
}

Result<JoinAnswerBody> open_join_answer(ByteView box, ByteView secret)
{
    const Result<Bytes> body = open_box(answer_key, secret, box);
    if (!body) return body.error();
    return wire::parse_join_answer(*body);
}

Result<Bytes> wrap_roster_key(ByteView roster_key, const BoxPublicKey& device, const OrgId& org,
                              const SignedBytes* certificate)
{
    assert(roster_key.size() == 32);
    Bytes text = wire::roster_wrap(roster_key, certificate);
    Result<Bytes> wrap = crypto::hpke::seal(device, wrap_info(org), {}, text);
    crypto::wipe(text);
    return wrap;
}

Result<crypto::Secret<32>> unwrap_roster_key(ByteView wrap, const crypto::BoxKey& device,
                                             const OrgId& org)
{
    auto opened = open_wrap(wrap, device, org);
    if (!opened) return opened.error();
    return std::move(opened->first);
}

Result<std::optional<SignedBytes>> unwrap_certificate(ByteView wrap, const crypto::BoxKey& device,
                                                      const OrgId& org)
{
    auto opened = open_wrap(wrap, device, org);
    if (!opened) return opened.error();
    if (opened->second.bytes.empty()) return std::optional<SignedBytes>{};
    return std::optional(std::move(opened->second));
}

Bytes seal_roster(ByteView roster, ByteView roster_key, const OrgId& org, std::uint64_t version)
{
    return crypto::seal(roster_key, padded(roster, roster_step), box_aad(org, version));
}

Result<Bytes> open_roster(ByteView box, ByteView roster_key, const OrgId& org,
                          std::uint64_t version)
{
    const Result<Bytes> text = crypto::open(roster_key, box, box_aad(org, version));
    if (!text) return text.error();
    return unpadded(*text, roster_step);
}

Result<Roster> open_directory(const VerifiedDirectory& directory, ByteView roster_key)
{
    const Manifest& manifest = directory.manifest;
    const Result<Bytes> opened =
        open_roster(directory.sealed_roster, roster_key, manifest.org, manifest.version);
    if (!opened) return opened.error();
    Result<Roster> roster = decode_roster(*opened);
    if (!roster) return roster.error();
    if (roster->org != manifest.org || roster->version != manifest.version) return Errc::rollback;
    return roster;
}

} // namespace tocsin::protocol
