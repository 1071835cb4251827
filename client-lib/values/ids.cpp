// Text forms of bytes. libsodium's encoders take the same time whatever the bytes are, which
// matters because invitation codes and triggers pass here too.
#include <tocsin/ids.hpp>

#include <sodium.h>

#include <algorithm>

namespace tocsin {
namespace {

constexpr int base64url = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

} // namespace

std::string to_hex(ByteView bytes)
{
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back(); // libsodium ends it with a zero.
    return text;
}

std::optional<Bytes> from_hex(std::string_view text)
{
    if (text.empty()) return Bytes{};
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes bytes(text.size() / 2);
    std::size_t size = 0;
    // No end pointer asked for: then libsodium refuses what it could not read to the end.
    if (sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                       nullptr) != 0 ||
        size != bytes.size())
        return std::nullopt;
    return bytes;
}

std::string to_base64url(ByteView bytes)
{
    std::string text(sodium_base64_encoded_len(bytes.size(), base64url), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), base64url);
    text.pop_back();
    return text;
}

std::optional<Bytes> from_base64url(std::string_view text)
{
    // libsodium 1.0.18 takes bytes beyond ASCII for '_': then one key would have several spellings.
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        return std::nullopt;
    Bytes bytes(text.size() / 4 * 3 + 2);
    std::size_t size = 0;
    // libsodium refuses padding, other characters and unused bits that are set: each value has one
    // spelling, so that text can be compared and used as a key.
    if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                          nullptr, base64url) != 0)
        return std::nullopt;
    bytes.resize(size);
    return bytes;
}

} // namespace tocsin
