// The code that is read aloud, the package it opens, and the words that are compared.
#include "client-lib/protocol/invitation.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/crypto/passphrase.hpp"
#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/padding.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace tocsin::protocol {
namespace {

constexpr std::size_t package_step = 512;

// H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004: a quasigroup of order ten without
// collisions for single errors and for swapped neighbours; the diagonal is zero, so that a code
// with its check digit ends in zero.
constexpr std::array<std::array<std::uint8_t, 10>, 10> damm{{{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
                                                             {7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
                                                             {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
                                                             {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
                                                             {6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
                                                             {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
                                                             {5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
                                                             {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
                                                             {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
                                                             {2, 5, 8, 1, 4, 3, 6, 7, 9, 0}}};

std::uint8_t check_of(std::string_view digits)
{
    std::uint8_t check = 0;
    for (const char digit : digits)
        check = damm[check][static_cast<std::size_t>(digit - '0')];
    return check;
}

// What people and messengers put between digits; longest spelling first.
constexpr std::array<std::string_view, 14> separators{
    " ",      "\t",     "\n",     "\r",     "-",      ".",      ",",
    "\u00a0", "\u202f", "\u2009", "\u2010", "\u2011", "\u2013", "\u2014"};

Result<crypto::Secret<32>> stretched(ByteView input, std::string_view purpose)
{
    // Whoever joins knows nothing but the digits, so the salt is the same for all; 63 bits leave
    // nothing to a table made beforehand.
    crypto::PassphraseParameters parameters;
    const Digest salt = crypto::hash(purpose, {});
    std::copy_n(salt.value.begin(), parameters.salt.size(), parameters.salt.begin());
    return crypto::key_from_passphrase({reinterpret_cast<const char*>(input.data()), input.size()},
                                       parameters);
}

} // namespace

std::string make_spoken_code()
{
    std::string digits;
    while (digits.size() < spoken_digits - 1) {
        std::array<std::uint8_t, 1> byte{};
        crypto::fill_random(byte);
        // 250 is the largest multiple of ten in a byte: the rest would favour low digits.
        if (byte[0] < 250) digits += static_cast<char>('0' + byte[0] % 10);
    }
    digits += static_cast<char>('0' + check_of(digits));
    return digits;
}

Result<std::string> parse_spoken_code(std::string_view text)
{
    std::string digits;
    while (!text.empty()) {
        const auto separator = std::ranges::find_if(
            separators, [&](std::string_view each) { return text.starts_with(each); });
        if (separator != separators.end()) {
            text.remove_prefix(separator->size());
            continue;
        }
        if (text.front() < '0' || text.front() > '9' || digits.size() == spoken_digits)
            return Errc::malformed_frame;
        digits += text.front();
        text.remove_prefix(1);
    }
    if (digits.size() != spoken_digits || check_of(digits) != 0) return Errc::malformed_frame;
    return digits;
}

std::string grouped(std::string_view digits)
{
    std::string text;
    for (std::size_t i = 0; i < digits.size(); i += 4) {
        if (i != 0) text += ' ';
        text += digits.substr(i, 4);
    }
    return text;
}

Result<SpokenKeys> spoken_keys(std::string_view digits)
{
    assert(digits.size() == spoken_digits);
    const Result<crypto::Secret<32>> master =
        stretched(crypto::bytes_of(digits), "invitation/spoken");
    if (!master) return master.error();
    SpokenKeys keys;
    const crypto::Secret<32> locator = crypto::derive("invitation/locator", master->view(), {});
    std::copy_n(locator.view().begin(), Locator::bytes, keys.locator.value.begin());
    keys.key = crypto::derive("invitation/package", master->view(), {});
    return keys;
}

Bytes seal_package(const Invitation& invitation, const SpokenKeys& keys)
{
    Bytes text = padded(wire::invitation(invitation), package_step);
    Bytes package = crypto::seal(keys.key.view(), text, {});
    crypto::wipe(text);
    return package;
}

Result<Invitation> open_package(ByteView package, const SpokenKeys& keys)
{
    Result<Bytes> text = crypto::open(keys.key.view(), package, {});
    if (!text) return text.error();
    Result<Bytes> body = unpadded(*text, package_step);
    crypto::wipe(*text);
    if (!body) return body.error();
    Result<Invitation> invitation = wire::parse_invitation(*body);
    crypto::wipe(*body);
    return invitation;
}

Result<Comparison> comparison(ByteView secret, ByteView request_box)
{
    const Digest both = crypto::hash("invitation/words", {secret, request_box});
    const Result<crypto::Secret<32>> slow = stretched(both.view(), "invitation/words-salt");
    if (!slow) return slow.error();
    // 44 bits, eleven a word, from the front.
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i)
        bits = bits << 8 | slow->view()[i];
    Comparison words{};
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = static_cast<std::uint16_t>(bits >> (53 - 11 * i) & 0x7ff);
    return words;
}

} // namespace tocsin::protocol
