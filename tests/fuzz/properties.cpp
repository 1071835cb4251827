#include "tests/fuzz/properties.hpp"

#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/net/frames.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/directory.hpp>
#include <tocsin/limits.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace tocsin::fuzz {
namespace {

using namespace tocsin::protocol;

Verdict verdict(bool holds) { return holds ? Verdict::holds : Verdict::broken; }

// Formats in which one meaning has several spellings: what is accepted is written in one of them,
// and that is accepted as the same.
template <class Decode, class Encode>
Verdict settles(ByteView input, Decode decode, Encode encode)
{
    const auto first = decode(input);
    if (!first) return Verdict::refused;
    const Bytes written = encode(*first);
    const auto second = decode(written);
    return verdict(second && encode(*second) == written);
}

constexpr auto encode_any = [](const auto& value) { return encode(value); };

// One spelling: whatever unframe accepts, frame restores bit for bit.
Verdict judge_unframe(ByteView input)
{
    const Result<ByteView> message = unframe(input);
    if (!message) return Verdict::refused;
    const Result<Bytes> again = frame(*message);
    return verdict(again && std::ranges::equal(*again, input));
}

Verdict judge_device_frame(ByteView input)
{
    return settles(input, decode_device_frame, encode_any);
}

Verdict judge_relay_frame(ByteView input) { return settles(input, decode_relay_frame, encode_any); }

// One spelling; and a relay's hashes are of the parts it serves.
Verdict judge_envelope(ByteView input)
{
    const Result<Envelope> parsed = parse_stored_envelope(input);
    if (!parsed) return Verdict::refused;
    const Bytes again =
        encode_envelope(parsed->header_bytes, parsed->plan_bytes, parsed->slots, parsed->payload);
    return verdict(std::ranges::equal(again, input) && check(parsed->plan) &&
                   parsed->slots.size() == parsed->plan.slots.size() &&
                   plan_hash(parsed->plan_bytes) == parsed->header.plan_hash &&
                   header_hash(parsed->header_bytes) == parsed->header_hash);
}

Verdict judge_journal_entry(ByteView input) { return settles(input, decode_entry, encode_any); }

Verdict judge_content(ByteView input) { return settles(input, decode_content, encode_any); }

Verdict judge_answer_note(ByteView input) { return settles(input, decode_answer_note, encode_any); }

Verdict judge_follow_up(ByteView input)
{
    return settles(input, decode_follow_up_note, encode_any);
}

// Nobody holds the signatures of a made-up chain.
Verdict judge_bundle(ByteView input)
{
    if (verify_bundle(input, Trust{}, TimePoint{})) return Verdict::broken;
    return settles(input, decode_bundle, encode_any);
}

Verdict judge_publication(ByteView input)
{
    if (verify_publication(input, Trust{}, TimePoint{})) return Verdict::broken;
    (void)claimed_root(input);
    return settles(input, decode_published, encode_any);
}

Verdict judge_routing(ByteView input) { return settles(input, decode_routing, encode_any); }

Verdict judge_roster(ByteView input)
{
    const bool verified = decode_roster(input).has_value();
    const Verdict settled = settles(input, decode_roster_unverified, encode_any);
    return verified && settled == Verdict::refused ? Verdict::broken : settled;
}

// A prekey's bytes are kept and passed on as they came, so there is nothing to write again.
Verdict judge_prekey(ByteView input)
{
    if (verify_prekey(input, SignPublicKey{}, TimePoint{})) return Verdict::broken;
    return decode_prekey(input) ? Verdict::holds : Verdict::refused;
}

Verdict judge_invitation(ByteView input)
{
    const std::string_view code(reinterpret_cast<const char*>(input.data()), input.size());
    const Result<Invitation> first = decode_code(code);
    if (!first) return Verdict::refused;
    const std::string written = encode_code(*first);
    const Result<Invitation> second = decode_code(written);
    return verdict(second && encode_code(*second) == written);
}

// Inside its seal and signature: what a member asks, and what it is answered.
Verdict judge_member_request(ByteView input)
{
    return settles(input, wire::parse_member_request, wire::member_request);
}

Verdict judge_member_answer(ByteView input)
{
    return settles(input, wire::parse_member_answer, wire::member_answer);
}

// Whatever is accepted is twenty digits whose check holds, and grouping them changes nothing.
Verdict judge_spoken_code(ByteView input)
{
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const Result<std::string> digits = parse_spoken_code(text);
    if (!digits) return Verdict::refused;
    const Result<std::string> again = parse_spoken_code(grouped(*digits));
    return verdict(digits->size() == spoken_digits && again && *again == *digits);
}

// One spelling: a proof that two clients write differently would tell them apart.
Verdict judge_authorization(ByteView input)
{
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const Result<Authorization> parsed = parse_authorization(text);
    if (!parsed) return Verdict::refused;
    return verdict(encode_authorization(*parsed) == text);
}

// Whatever an admin's file says it is told, and never more than that: a file that is accepted means
// the same when it is read again, and can be played through on any day.
Verdict judge_directory_file(ByteView input)
{
    const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
    const DirectoryFile file = DirectoryFile::parse(text, "fuzz");
    if (!file.ok()) return file.remarks().empty() ? Verdict::broken : Verdict::refused;
    const DirectoryFile again = DirectoryFile::parse(file.text(), "fuzz");
    constexpr TimePoint some_day{std::chrono::sys_days{std::chrono::year{2026} / 3 / 29}};
    (void)file.forecast(some_day);
    for (const PolicyEntry& policy : file.policies())
        (void)rehearse(file, {.policy = policy.id}, some_day);
    return verdict(
        again.ok() && again.people() == file.people() && again.contacts() == file.contacts() &&
        again.schedules() == file.schedules() && again.communities() == file.communities() &&
        again.policies() == file.policies() && again.consent_kinds() == file.consent_kinds());
}

// What a stranger's bytes say does not depend on how they were cut up on the way.
struct Heard {
    std::vector<Bytes> messages;
    std::size_t pings = 0;
    bool closed = false;
    std::optional<Errc> broken;
    friend bool operator==(const Heard&, const Heard&) = default;
};

Heard hear(ByteView input, std::size_t piece)
{
    net::FrameReader reader(net::Side::relay);
    Heard heard;
    for (std::size_t at = 0; at < input.size() && !heard.closed && !heard.broken; at += piece) {
        ByteView left = input.subspan(at, std::min(piece, input.size() - at));
        for (;;) {
            const net::FrameReader::Event event = reader.take(left);
            if (event == net::FrameReader::Event::nothing) break;
            if (event == net::FrameReader::Event::message)
                heard.messages.push_back(std::exchange(reader.message, {}));
            heard.pings += event == net::FrameReader::Event::ping ? 1 : 0;
            heard.closed = event == net::FrameReader::Event::close;
            if (event == net::FrameReader::Event::broken) heard.broken = reader.why;
            if (heard.closed || heard.broken) break;
        }
    }
    return heard;
}

Verdict judge_websocket_frames(ByteView input)
{
    const Heard whole = hear(input, input.size() + 1);
    if (hear(input, 1) != whole || hear(input, 3) != whole) return Verdict::broken;
    for (const Bytes& message : whole.messages)
        if (message.size() > limits::frame_bytes_max) return Verdict::broken;
    return whole.broken || whole.messages.empty() ? Verdict::refused : Verdict::holds;
}

constexpr std::array all{Property{"unframe", judge_unframe},
                         Property{"websocket_frames", judge_websocket_frames},
                         Property{"device_frame", judge_device_frame},
                         Property{"relay_frame", judge_relay_frame},
                         Property{"envelope", judge_envelope},
                         Property{"journal_entry", judge_journal_entry},
                         Property{"content", judge_content},
                         Property{"answer_note", judge_answer_note},
                         Property{"follow_up", judge_follow_up},
                         Property{"bundle", judge_bundle},
                         Property{"publication", judge_publication},
                         Property{"routing", judge_routing},
                         Property{"roster", judge_roster},
                         Property{"prekey", judge_prekey},
                         Property{"invitation", judge_invitation},
                         Property{"member_request", judge_member_request},
                         Property{"member_answer", judge_member_answer},
                         Property{"spoken_code", judge_spoken_code},
                         Property{"authorization", judge_authorization},
                         Property{"directory_file", judge_directory_file}};

} // namespace

std::span<const Property> properties() { return all; }

const Property* property(std::string_view name)
{
    const auto found = std::ranges::find(all, name, &Property::name);
    return found == all.end() ? nullptr : &*found;
}

} // namespace tocsin::fuzz
