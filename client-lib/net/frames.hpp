/// The frames of WebSocket (RFC 6455, section 5), without a socket.
///
/// Thread safety: none; one object belongs to one link.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tocsin::net {

/// Who reads and writes: a device masks what it sends, a relay does not (section 5.3).
enum class Side : std::uint8_t { relay, device };

/// Codes of RFC 6455 section 7.4.1 that are sent here.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001, ///< The relay drains; use the next address.
    protocol_error = 1002,
    unacceptable = 1003, ///< A text message.
    policy = 1008,       ///< The session is over for a reason told in the last message.
    too_big = 1009,
    internal_error = 1011,
    try_again_later = 1013,
};

/// A hostile peer's bytes in, whole binary messages and control frames out. Between two messages it
/// keeps no buffer.
class FrameReader {
public:
    enum class Event : std::uint8_t {
        nothing, ///< All bytes are taken; more are wanted.
        message, ///< `message` is whole: take it.
        ping,    ///< `control` is what a pong must say.
        close,   ///< `control` is the peer's reason, `close_code` its code.
        broken,  ///< `why` and `answer` say what the peer did; nothing more is read.
    };

    explicit FrameReader(Side side) : side_(side) {}

    /// Takes bytes off the front up to the next event. A message beyond `limits::frame_bytes_max`
    /// is broken before its content is read.
    [[nodiscard]] Event take(ByteView& bytes);

    Bytes message;
    Bytes control;
    std::optional<std::uint16_t> close_code;
    Errc why = Errc::malformed_frame;
    CloseCode answer = CloseCode::protocol_error;

private:
    [[nodiscard]] bool take_head(ByteView& bytes);
    [[nodiscard]] bool is_acceptable();
    [[nodiscard]] Event finish_frame();
    Event refuse(Errc error, CloseCode code);

    Side side_;
    std::array<std::uint8_t, 14> head_{};
    std::uint8_t head_filled_ = 0;
    bool in_payload_ = false;
    bool in_message_ = false; // a fragment came, and more will
    bool broken_ = false;
    std::uint8_t opcode_ = 0;
    bool final_ = false;
    std::array<std::uint8_t, 4> mask_{};
    std::uint64_t left_ = 0; // of the frame's payload
    std::uint64_t taken_ = 0;
};

/// Messages as the bytes of frames, one frame each, piece by piece: for records that hold many.
class FrameWriter {
public:
    FrameWriter(Side side, std::vector<std::shared_ptr<const Bytes>> messages)
        : side_(side),
          messages_(std::move(messages))
    {
    }
    /// The next bytes, as many as there are or fit; 0 at the end.
    [[nodiscard]] std::size_t fill(std::span<std::uint8_t> out);
    /// Nothing is left to fill.
    [[nodiscard]] bool at_end() const;

private:
    void begin_frame();

    Side side_;
    std::vector<std::shared_ptr<const Bytes>> messages_;
    std::size_t next_ = 0; // message
    Bytes head_;
    std::size_t head_sent_ = 0;
    std::size_t sent_ = 0; // of the message before `next_`
    std::array<std::uint8_t, 4> mask_{};
};

/// A frame of its own: a pong or a close. `payload` has at most 125 bytes.
[[nodiscard]] Bytes pong_frame(Side side, ByteView payload);
[[nodiscard]] Bytes close_frame(Side side, CloseCode code);

} // namespace tocsin::net
