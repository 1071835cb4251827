// The journal's messages, which links carry too. Included by convert_journal.cpp and
// convert_link.cpp alone.
#pragma once

#include "client-lib/protocol/convert_wire.hpp"

#include "tocsin/v1/link.pb.h"

namespace tocsin::protocol::wire {

void put(v1::Answered& out, const Answered& value);
void put(v1::FollowedUp& out, const FollowedUp& value);
[[nodiscard]] bool get(const v1::Answered& in, Answered& value);
[[nodiscard]] bool get(const v1::FollowedUp& in, FollowedUp& value);

} // namespace tocsin::protocol::wire
