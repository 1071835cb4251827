#include "tests/bench/websocket_frames.hpp"

#include <tocsin/limits.hpp>

namespace tocsin::bench {

namespace {

constexpr std::uint8_t final_piece = 0x80;
constexpr std::uint8_t masked = 0x80;
constexpr std::uint8_t length_of_2_bytes = 126;
constexpr std::uint8_t length_of_8_bytes = 127;

void append_big_endian(Bytes& out, std::uint64_t number, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

bool is_known(std::uint8_t opcode)
{
    switch (static_cast<Opcode>(opcode)) {
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
        return true;
    }
    return false;
}

} // namespace

void append_frame(Bytes& out, Opcode opcode, ByteView payload)
{
    out.push_back(final_piece | static_cast<std::uint8_t>(opcode));
    if (payload.size() < length_of_2_bytes) {
        out.push_back(masked | static_cast<std::uint8_t>(payload.size()));
    } else if (payload.size() < 65536) {
        out.push_back(masked | length_of_2_bytes);
        append_big_endian(out, payload.size(), 2);
    } else {
        out.push_back(masked | length_of_8_bytes);
        append_big_endian(out, payload.size(), 8);
    }
    append_big_endian(out, 0, 4); // the key
    out.insert(out.end(), payload.begin(), payload.end());
}

Result<std::optional<Arrived>> take_frame(ByteView& bytes)
{
    const std::optional<Arrived> incomplete;
    if (bytes.size() < 2) return incomplete;
    const auto opcode = static_cast<std::uint8_t>(bytes[0] & 0x7FU);
    if (!(bytes[0] & final_piece) || (bytes[1] & masked) || !is_known(opcode))
        return Errc::malformed_frame;
    std::uint64_t length = bytes[1];
    std::size_t length_bytes = 0;
    if (length == length_of_2_bytes) length_bytes = 2;
    if (length == length_of_8_bytes) length_bytes = 8;
    const std::size_t head = 2 + length_bytes;
    if (bytes.size() < head) return incomplete;
    if (length_bytes > 0) length = 0;
    for (const std::uint8_t byte : bytes.subspan(2, length_bytes))
        length = length << 8 | byte;
    if (length > limits::frame_bytes_max) return Errc::malformed_frame;
    if (bytes.size() - head < length) return incomplete;
    const Arrived arrived{.opcode = static_cast<Opcode>(opcode),
                          .payload = bytes.subspan(head, length)};
    bytes = bytes.subspan(head + length);
    return std::optional(arrived);
}

} // namespace tocsin::bench
