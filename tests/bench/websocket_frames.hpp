// The frames of RFC 6455 as a device sends and a relay answers them: binary messages in one frame
// each. No socket here.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

namespace tocsin::bench {

enum class Opcode : std::uint8_t { binary = 2, close = 8, ping = 9, pong = 10 };

// Appends one frame. A device must mask, but chooses the key: under zero the bytes stay as they
// are.
void append_frame(Bytes& out, Opcode opcode, ByteView payload);

struct Arrived {
    Opcode opcode = Opcode::binary;
    ByteView payload; // in the bytes it was taken from
};

// Takes the first frame off the front of `bytes`; empty when it has not come in full.
// Errc::malformed_frame: masked, in several pieces, of no known kind, or larger than any of ours.
[[nodiscard]] Result<std::optional<Arrived>> take_frame(ByteView& bytes);

} // namespace tocsin::bench
