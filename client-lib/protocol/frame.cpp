#include "client-lib/protocol/frame.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::protocol {

std::size_t bucket_for(std::size_t bytes, std::span<const std::size_t> sizes)
{
    const auto size = std::ranges::lower_bound(sizes, bytes);
    return size == sizes.end() ? 0 : *size;
}

Result<Bytes> frame(ByteView message)
{
    if (message.size() > limits::frame_bytes_max - frame_overhead) return Errc::too_large;
    Bytes framed(bucket_for(message.size() + frame_overhead, limits::frame_sizes), 0);
    framed[0] = static_cast<std::uint8_t>(limits::protocol_version);
    framed[1] = static_cast<std::uint8_t>(message.size() >> 24);
    framed[2] = static_cast<std::uint8_t>(message.size() >> 16);
    framed[3] = static_cast<std::uint8_t>(message.size() >> 8);
    framed[4] = static_cast<std::uint8_t>(message.size());
    std::ranges::copy(message, framed.begin() + frame_overhead);
    return framed;
}

Result<ByteView> unframe(ByteView frame)
{
    if (frame.empty()) return Errc::malformed_frame;
    // The version comes first, so that a later one may choose other sizes.
    if (frame[0] != limits::protocol_version) return Errc::unsupported_version;
    if (frame.size() < frame_overhead) return Errc::malformed_frame;
    const std::size_t length = std::size_t{frame[1]} << 24 | std::size_t{frame[2]} << 16 |
                               std::size_t{frame[3]} << 8 | std::size_t{frame[4]};
    if (length > frame.size() - frame_overhead) return Errc::malformed_frame;
    if (bucket_for(length + frame_overhead, limits::frame_sizes) != frame.size())
        return Errc::malformed_frame;
    const ByteView padding = frame.subspan(frame_overhead + length);
    if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; }))
        return Errc::malformed_frame;
    return frame.subspan(frame_overhead, length);
}

} // namespace tocsin::protocol
