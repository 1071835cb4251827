// What the floor relay and its clients say to each other: the length of the rest (4 bytes), a kind
// (1), a number (8) and a body. Both ends are one machine's, so integers stay in its byte order.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::bench::compare {

enum class FrameKind : char { hello = 1, publish, confirm, deliver, acknowledge, complete, ping };

struct Frame {
    FrameKind kind{};
    std::uint64_t number = 0;
    std::string_view body{};
};

// The body of a hello.
struct Hello {
    enum Who : std::uint32_t { sender, recipient, registering };
    std::uint32_t who = sender;
    std::uint32_t index = 0;
};

inline constexpr std::size_t frame_head_bytes = 13;

inline void append_frame(std::string& out, const Frame& frame)
{
    char head[frame_head_bytes];
    const auto rest = static_cast<std::uint32_t>(frame_head_bytes - 4 + frame.body.size());
    std::memcpy(head, &rest, 4);
    head[4] = static_cast<char>(frame.kind);
    std::memcpy(head + 5, &frame.number, 8);
    out.append(head, frame_head_bytes);
    out.append(frame.body);
}

// Hands over every whole frame; the bytes these took.
template <class Use>
std::size_t for_each_frame(std::string_view bytes, Use use)
{
    std::size_t at = 0;
    while (bytes.size() - at >= frame_head_bytes) {
        std::uint32_t rest = 0;
        std::memcpy(&rest, bytes.data() + at, 4);
        if (bytes.size() - at - 4 < rest) break;
        Frame frame{.kind = FrameKind{bytes[at + 4]},
                    .body = bytes.substr(at + frame_head_bytes, rest + 4 - frame_head_bytes)};
        std::memcpy(&frame.number, bytes.data() + at + 5, 8);
        at += rest + 4;
        use(frame);
    }
    return at;
}

} // namespace tocsin::bench::compare
