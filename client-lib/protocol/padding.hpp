// Padding of the sealed boxes of joining: length (4, big-endian) | bytes | zeros up to a multiple
// of `step`.
#pragma once

#include "client-lib/crypto/label.hpp"

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <algorithm>

namespace tocsin::protocol {

inline Bytes padded(ByteView bytes, std::size_t step)
{
    const std::size_t size = (4 + bytes.size() + step - 1) / step * step;
    Bytes to;
    to.reserve(size);
    const auto length = crypto::be32(static_cast<std::uint32_t>(bytes.size()));
    to.insert(to.end(), length.begin(), length.end());
    to.insert(to.end(), bytes.begin(), bytes.end());
    to.resize(size);
    return to;
}

// One spelling: the least padding, all of it zeros. Errc::malformed_frame.
inline Result<Bytes> unpadded(ByteView from, std::size_t step)
{
    if (from.size() < 4 || from.size() % step != 0) return Errc::malformed_frame;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
        length = length << 8 | from[i];
    const std::size_t room = from.size() - 4;
    if (length > room || room - length >= step) return Errc::malformed_frame;
    const ByteView zeros = from.subspan(4 + length);
    if (std::ranges::any_of(zeros, [](std::uint8_t b) { return b != 0; }))
        return Errc::malformed_frame;
    return Bytes(from.begin() + 4, from.begin() + 4 + static_cast<std::ptrdiff_t>(length));
}

} // namespace tocsin::protocol
