#include "client-lib/crypto/kdf.hpp"

#include <sodium.h>

#include <algorithm>

namespace tocsin::crypto {
namespace {

/// HMAC in pieces; its state holds the key, so it is wiped.
class Hmac {
public:
    explicit Hmac(ByteView key)
    {
        // An empty key, as HKDF's empty salt, must still point somewhere.
        const std::uint8_t nowhere = 0;
        crypto_auth_hmacsha256_init(&state_, key.empty() ? &nowhere : key.data(), key.size());
    }
    ~Hmac() { sodium_memzero(&state_, sizeof state_); }
    Hmac(const Hmac&) = delete;
    Hmac& operator=(const Hmac&) = delete;

    Hmac& add(ByteView part)
    {
        crypto_auth_hmacsha256_update(&state_, part.data(), part.size());
        return *this;
    }
    Hmac& add(std::initializer_list<ByteView> parts)
    {
        for (ByteView part : parts)
            add(part);
        return *this;
    }
    void finish(std::array<std::uint8_t, 32>& mac)
    {
        crypto_auth_hmacsha256_final(&state_, mac.data());
    }

private:
    crypto_auth_hmacsha256_state state_;
};

} // namespace

std::array<std::uint8_t, 32> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts)
{
    std::array<std::uint8_t, 32> mac{};
    Hmac(key).add(parts).finish(mac);
    return mac;
}

Wiped<32> hkdf_extract(ByteView salt, std::initializer_list<ByteView> ikm)
{
    Wiped<32> prk;
    Hmac(salt).add(ikm).finish(prk.value);
    return prk;
}

Result<void> hkdf_expand(ByteView prk, std::initializer_list<ByteView> info,
                         std::span<std::uint8_t> output)
{
    if (output.size() > hkdf_output_bytes_max) return Errc::invalid_argument;
    // T(i) = HMAC(prk, T(i-1) | info | i), T(0) empty.
    Wiped<32> block;
    ByteView previous;
    std::uint8_t number = 0;
    for (std::size_t done = 0; done < output.size();) {
        ++number;
        Hmac(prk).add(previous).add(info).add(ByteView(&number, 1)).finish(block.value);
        previous = block.view();
        const std::size_t take = std::min(block.value.size(), output.size() - done);
        std::copy_n(block.value.begin(), take, output.begin() + static_cast<std::ptrdiff_t>(done));
        done += take;
    }
    return {};
}

Secret<32> derive(std::string_view purpose, ByteView ikm, std::initializer_list<ByteView> context)
{
    const Wiped<32> prk = hkdf_extract({}, {ikm});
    const Bytes info = labelled(purpose, context);
    Secret<32> key;
    const Result<void> expanded = hkdf_expand(prk.view(), {info}, {key.data(), 32});
    assert(expanded);
    return key;
}

} // namespace tocsin::crypto
