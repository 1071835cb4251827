// Frames of fixed size: a WebSocket message is  version (1) | length (4, big-endian) | message | zeros,
// padded to the next of limits::frame_sizes. One spelling each: the padding must be zeros and the
// frame the smallest that fits, so nothing can hide in it.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <cstddef>

namespace tocsin::protocol {

inline constexpr std::size_t frame_overhead = 5;

// Errc::too_large when no frame size fits.
[[nodiscard]] Result<Bytes> frame(ByteView message);

// The message inside; a view into `frame`.
// Errc::unsupported_version, Errc::malformed_frame.
[[nodiscard]] Result<ByteView> unframe(ByteView frame);

// The smallest size of `sizes` (ascending) that holds `bytes`, or 0.
[[nodiscard]] std::size_t bucket_for(std::size_t bytes, std::span<const std::size_t> sizes);

} // namespace tocsin::protocol
