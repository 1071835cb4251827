/// BLAKE2b-256, always labelled.
///
/// Thread safety: pure. Errors: none.
#pragma once

#include "client-lib/crypto/init.hpp"
#include "client-lib/crypto/label.hpp"

namespace tocsin::crypto {

/// BLAKE2b-256 over exactly labelled(purpose, parts), without ever holding those bytes together.
[[nodiscard]] Digest hash(std::string_view purpose, std::initializer_list<ByteView> parts);

} // namespace tocsin::crypto
