// What a relay's message is and which alert it is of, without decoding the rest: the generator
// shares its machine with the relay, so it reads no more than it must. One in a hundred is decoded
// in full. Field numbers are those of proto/tocsin/v1/link.proto and envelope.proto.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

namespace tocsin::bench {

enum class Said { done, receipt, deliver, ring, other };

struct Glance {
    Said said = Said::other;
    std::uint64_t request = 0;
    AlertId alert; // of receipt, deliver and ring
    bool calls = false; // a delivery that is a call as well
};

// Errc::malformed_frame.
[[nodiscard]] Result<Glance> glance(ByteView message);

} // namespace tocsin::bench
