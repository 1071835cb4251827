#include "client-lib/crypto/aead.hpp"

#include "client-lib/crypto/random.hpp"

#include <sodium.h>

#include <algorithm>
#include <cassert>

namespace tocsin::crypto {

static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == aead_nonce_bytes);
static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == aead_ietf_nonce_bytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == aead_tag_bytes);
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == aead_tag_bytes);

namespace {

/// nonce | ciphertext | tag into `box`, whose first bytes are the nonce already.
void seal_behind_nonce(Bytes& box, ByteView key, ByteView plaintext, ByteView aad)
{
    assert(key.size() == aead_key_bytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box.data() + aead_nonce_bytes, nullptr,
                                               plaintext.data(), plaintext.size(), aad.data(),
                                               aad.size(), nullptr, box.data(), key.data());
}

} // namespace

Bytes seal(ByteView key, ByteView plaintext, ByteView aad)
{
    Bytes box(plaintext.size() + aead_overhead_bytes);
    fill_random({box.data(), aead_nonce_bytes});
    seal_behind_nonce(box, key, plaintext, aad);
    return box;
}

Result<Bytes> seal_with_nonce(ByteView key, ByteView nonce, ByteView plaintext, ByteView aad)
{
    if (nonce.size() != aead_nonce_bytes) return Errc::invalid_argument;
    Bytes box(plaintext.size() + aead_overhead_bytes);
    std::copy(nonce.begin(), nonce.end(), box.begin());
    seal_behind_nonce(box, key, plaintext, aad);
    return box;
}

Result<Bytes> open(ByteView key, ByteView box, ByteView aad)
{
    assert(key.size() == aead_key_bytes);
    if (box.size() < aead_overhead_bytes) return Errc::cannot_open;
    const ByteView nonce = box.first(aead_nonce_bytes);
    const ByteView sealed = box.subspan(aead_nonce_bytes);
    Bytes plaintext(sealed.size() - aead_tag_bytes);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext.data(), nullptr, nullptr,
                                                   sealed.data(), sealed.size(), aad.data(),
                                                   aad.size(), nonce.data(), key.data()) != 0)
        return Errc::cannot_open;
    return plaintext;
}

Result<Bytes> seal_ietf(ByteView key, ByteView nonce, ByteView plaintext, ByteView aad)
{
    assert(key.size() == aead_key_bytes);
    if (nonce.size() != aead_ietf_nonce_bytes) return Errc::invalid_argument;
    Bytes box(plaintext.size() + aead_tag_bytes);
    crypto_aead_chacha20poly1305_ietf_encrypt(box.data(), nullptr, plaintext.data(),
                                              plaintext.size(), aad.data(), aad.size(), nullptr,
                                              nonce.data(), key.data());
    return box;
}

Result<Bytes> open_ietf(ByteView key, ByteView nonce, ByteView box, ByteView aad)
{
    assert(key.size() == aead_key_bytes);
    if (nonce.size() != aead_ietf_nonce_bytes) return Errc::invalid_argument;
    if (box.size() < aead_tag_bytes) return Errc::cannot_open;
    Bytes plaintext(box.size() - aead_tag_bytes);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(plaintext.data(), nullptr, nullptr, box.data(),
                                                  box.size(), aad.data(), aad.size(), nonce.data(),
                                                  key.data()) != 0)
        return Errc::cannot_open;
    return plaintext;
}

} // namespace tocsin::crypto
