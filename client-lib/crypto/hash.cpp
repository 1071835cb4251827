#include "client-lib/crypto/hash.hpp"

#include <sodium.h>

#include <cassert>
#include <limits>

namespace tocsin::crypto {
namespace {

void update(crypto_generichash_state& state, ByteView bytes)
{
    crypto_generichash_update(&state, bytes.data(), bytes.size());
}

} // namespace

Digest hash(std::string_view purpose, std::initializer_list<ByteView> parts)
{
    Digest digest;
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, Digest::bytes);
    update(state, label_head(purpose));
    for (ByteView part : parts) {
        assert(part.size() <= std::numeric_limits<std::uint32_t>::max());
        update(state, be32(static_cast<std::uint32_t>(part.size())));
        update(state, part);
    }
    crypto_generichash_final(&state, digest.value.data(), Digest::bytes);
    // What is hashed may be a key or a person's words (commitment, trigger).
    sodium_memzero(&state, sizeof state);
    return digest;
}

} // namespace tocsin::crypto
