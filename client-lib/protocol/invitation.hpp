// Joining: the code a person is given, the keys derived from its secret, and the two sealed boxes
// that pass through the relay. The relay can neither read nor alter them.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/secret.hpp"
#include "client-lib/protocol/directory.hpp"

#include <array>
#include <string>
#include <vector>

namespace tocsin::protocol {

struct Invitation {
    OrgId org;
    std::optional<SignPublicKey> root{}; // empty only in the operator's invitation to the first admin
    SignPublicKey relay_sign_key;
    BoxPublicKey relay_box_key;
    std::vector<std::string> addresses; // host:port
    Bytes secret;                       // 32
    Role role = Role::defender;
    Seconds expires_at{};
    std::string org_name;
    std::string for_whom;
    std::string language{}; // of the comparison words: en, fr, es, pt; empty: en
};

// "tocsin1:" | base64url(Invitation | check), check = the first 4 bytes of H("invitation/check",
// Invitation): a mistyped code is refused as such. Decoding ignores white space; Errc::malformed_frame.
[[nodiscard]] std::string encode_code(const Invitation& invitation);
[[nodiscard]] Result<Invitation> decode_code(std::string_view code);

// The X25519 key that the joiner authenticates with until it has joined: derive("invitation/auth", secret).
[[nodiscard]] crypto::BoxKey invitation_auth_key(ByteView secret);

// ---- the code that is read aloud ----

// 20 decimal digits: 19 random ones (63 bits) and Damm's check digit, which finds every single
// wrong digit and every swap of two neighbours. Whoever knows them finds the invitation at the
// relay, by a locator, and opens it; both come out of Argon2id, so that the relay, which has the
// package, can't try the codes one after the other.
inline constexpr std::size_t spoken_digits = 20;
[[nodiscard]] std::string make_spoken_code();
// The digits alone. Spaces, dashes, dots and commas between them are ignored.
// Errc::malformed_frame: not so many digits, something else among them, or one was misheard.
[[nodiscard]] Result<std::string> parse_spoken_code(std::string_view text);
// "4821 0937 5512 6608 3194"
[[nodiscard]] std::string grouped(std::string_view digits);

using Locator = Id<struct LocatorTag, 16>;
struct SpokenKeys {
    Locator locator;        // tells the relay which package is wanted
    crypto::Secret<32> key; // opens it
};
// A tenth of a second and 64 MiB. Errc::busy: there is not that much memory now.
[[nodiscard]] Result<SpokenKeys> spoken_keys(std::string_view digits);
// Padded to 512 bytes: packages look alike. Opening: Errc::cannot_open, malformed_frame.
[[nodiscard]] Bytes seal_package(const Invitation& invitation, const SpokenKeys& keys);
[[nodiscard]] Result<Invitation> open_package(ByteView package, const SpokenKeys& keys);
// GET of this path and the locator in hexadecimal answers with the package.
inline constexpr std::string_view package_path = "/v1/invitation/";

// Four words' numbers, 0 to 2047 each, from an invitation's secret and the request to join made
// with it: whoever else knows the secret has another request, hence other words. 44 bits behind
// Argon2id: to find a second request with the same words takes 2^44 times a tenth of a second.
using Comparison = std::array<std::uint16_t, 4>;
[[nodiscard]] Result<Comparison> comparison(ByteView secret, ByteView request_box);

// ---- the two boxes ----

struct JoinRequestBody {
    DeviceCard card;
    std::optional<SignPublicKey> contact_key{};
    SignedBytes device_list;
};
struct JoinAnswerBody {
    SignedBytes certificate; // defender only
    std::uint32_t contact = 0;
    MailboxId mailbox;
    std::uint64_t directory_version = 0;
};
// Sealed under derive("invitation/request" | "invitation/answer", secret), padded to 1 KiB. Opening:
// Errc::cannot_open, malformed_frame. Signatures inside are the caller's to verify.
[[nodiscard]] Bytes seal_join_request(const JoinRequestBody& body, ByteView secret);
[[nodiscard]] Result<JoinRequestBody> open_join_request(ByteView box, ByteView secret);
[[nodiscard]] Bytes seal_join_answer(const JoinAnswerBody& body, ByteView secret);
[[nodiscard]] Result<JoinAnswerBody> open_join_answer(ByteView box, ByteView secret);

// The roster key, HPKE-sealed to a device: info = labelled("roster/wrap", org). Beside it may travel
// a defender's renewed certificate, so that papers last without anybody joining again.
// Errc::cannot_open: the device's key admits no secret.
[[nodiscard]] Result<Bytes> wrap_roster_key(ByteView roster_key, const BoxPublicKey& device,
                                            const OrgId& org,
                                            const SignedBytes* certificate = nullptr);
[[nodiscard]] Result<crypto::Secret<32>> unwrap_roster_key(ByteView wrap, const crypto::BoxKey& device, const OrgId& org);
// Empty when none travels. Unverified: verify_certificate, and that it names the caller's keys.
[[nodiscard]] Result<std::optional<SignedBytes>> unwrap_certificate(ByteView wrap, const crypto::BoxKey& device, const OrgId& org);
// The roster box: XChaCha20-Poly1305 under the roster key, AAD = labelled("roster/box", org | version), padded to 4 KiB.
[[nodiscard]] Bytes seal_roster(ByteView roster, ByteView roster_key, const OrgId& org, std::uint64_t version);
[[nodiscard]] Result<Bytes> open_roster(ByteView box, ByteView roster_key, const OrgId& org, std::uint64_t version);
// The roster of a verified bundle: opened, decoded, verified, and of the very organisation and
// version that the manifest names. Errc::cannot_open, rollback, invalid_signature, malformed_frame.
[[nodiscard]] Result<Roster> open_directory(const VerifiedDirectory& directory, ByteView roster_key);

} // namespace tocsin::protocol
