#include "client-lib/crypto/label.hpp"

#include <cassert>
#include <limits>

namespace tocsin::crypto {
namespace {

void append(Bytes& to, ByteView part) { to.insert(to.end(), part.begin(), part.end()); }

} // namespace

Bytes label_head(std::string_view purpose)
{
    const std::size_t size = label_prefix.size() + purpose.size();
    assert(size <= std::numeric_limits<std::uint8_t>::max());
    Bytes out;
    out.reserve(1 + size);
    out.push_back(static_cast<std::uint8_t>(size));
    append(out, bytes_of(label_prefix));
    append(out, bytes_of(purpose));
    return out;
}

Bytes labelled(std::string_view purpose, std::initializer_list<ByteView> parts)
{
    Bytes out = label_head(purpose);
    std::size_t size = out.size();
    for (ByteView part : parts)
        size += 4 + part.size();
    // Reserved at once: a vector that grows leaves copies of its content in freed memory.
    out.reserve(size);
    for (ByteView part : parts) {
        assert(part.size() <= std::numeric_limits<std::uint32_t>::max());
        append(out, be32(static_cast<std::uint32_t>(part.size())));
        append(out, part);
    }
    return out;
}

std::array<std::uint8_t, 4> be32(std::uint32_t value) noexcept
{
    std::array<std::uint8_t, 4> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    return out;
}

std::array<std::uint8_t, 8> be64(std::uint64_t value) noexcept
{
    std::array<std::uint8_t, 8> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    return out;
}

} // namespace tocsin::crypto
