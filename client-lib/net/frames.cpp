#include "client-lib/net/frames.hpp"

#include <tocsin/limits.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace tocsin::net {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_16 = 126;
constexpr std::uint8_t length_64 = 127;
constexpr std::size_t control_bytes_max = 125;

constexpr std::uint8_t op_continuation = 0;
constexpr std::uint8_t op_text = 1;
constexpr std::uint8_t op_binary = 2;
constexpr std::uint8_t op_close = 8;
constexpr std::uint8_t op_ping = 9;
constexpr std::uint8_t op_pong = 10;

bool is_control(std::uint8_t opcode) { return (opcode & 8U) != 0; }

// `from` is where in the payload `bytes` begins.
void apply_mask(std::span<std::uint8_t> bytes, const std::array<std::uint8_t, 4>& mask,
                std::uint64_t from)
{
    std::array<std::uint8_t, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i)
        turned[i] = mask[(from + i) & 3U];
    std::uint64_t word = 0;
    std::memcpy(&word, turned.data(), sizeof word);
    if (word == 0) return;
    std::size_t at = 0;
    for (; at + sizeof word <= bytes.size(); at += sizeof word) {
        std::uint64_t part = 0;
        std::memcpy(&part, bytes.data() + at, sizeof part);
        part ^= word;
        std::memcpy(bytes.data() + at, &part, sizeof part);
    }
    for (; at < bytes.size(); ++at)
        bytes[at] ^= turned[at & 7U];
}

// Section 10.3: the key must be one that whoever chose the content could not know.
std::array<std::uint8_t, 4> fresh_mask()
{
    std::array<std::uint8_t, 4> mask{};
    if (RAND_bytes(mask.data(), static_cast<int>(mask.size())) != 1) throw std::bad_alloc();
    return mask;
}

void put_head(Bytes& out, std::uint8_t opcode, std::size_t size, Side side,
              const std::array<std::uint8_t, 4>& mask)
{
    const std::uint8_t masked = side == Side::device ? mask_bit : 0;
    out.push_back(final_bit | opcode);
    int length_bytes = 0;
    if (size < length_16) {
        out.push_back(static_cast<std::uint8_t>(masked | size));
    } else {
        length_bytes = size < 65536 ? 2 : 8;
        out.push_back(masked | (length_bytes == 2 ? length_16 : length_64));
    }
    for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(std::uint64_t{size} >> shift));
    if (side == Side::device) out.insert(out.end(), mask.begin(), mask.end());
}

Bytes control_frame(Side side, std::uint8_t opcode, ByteView payload)
{
    const auto mask = side == Side::device ? fresh_mask() : std::array<std::uint8_t, 4>{};
    Bytes frame;
    put_head(frame, opcode, payload.size(), side, mask);
    const std::size_t head = frame.size();
    frame.insert(frame.end(), payload.begin(), payload.end());
    apply_mask(std::span(frame).subspan(head), mask, 0);
    return frame;
}

// Section 7.4.1 and 7.4.2: what may stand in a close frame.
bool is_close_code(std::uint16_t code)
{
    if (code >= 3000) return code < 5000;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

} // namespace

FrameReader::Event FrameReader::refuse(Errc error, CloseCode code)
{
    why = error;
    answer = code;
    broken_ = true;
    return Event::broken;
}

// True once the head is whole.
bool FrameReader::take_head(ByteView& bytes)
{
    for (;;) {
        std::size_t size = 2;
        if (head_filled_ >= 2) {
            const std::uint8_t length = head_[1] & 0x7fU;
            size += length == length_16 ? 2U : length == length_64 ? 8U : 0U;
            size += (head_[1] & mask_bit) != 0 ? 4U : 0U;
            if (head_filled_ == size) return true;
        }
        if (bytes.empty()) return false;
        const std::size_t part = std::min(size - head_filled_, bytes.size());
        std::ranges::copy(bytes.first(part), head_.begin() + head_filled_);
        head_filled_ = static_cast<std::uint8_t>(head_filled_ + part);
        bytes = bytes.subspan(part);
    }
}

// Reads the head; false: refused.
bool FrameReader::is_acceptable()
{
    opcode_ = head_[0] & 0x0fU;
    final_ = (head_[0] & final_bit) != 0;
    const bool masked = (head_[1] & mask_bit) != 0;
    const std::uint8_t length = head_[1] & 0x7fU;
    const std::size_t length_bytes = length == length_16 ? 2U : length == length_64 ? 8U : 0U;
    left_ = length;
    if (length_bytes > 0) left_ = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        left_ = left_ << 8 | head_[2 + i];
    taken_ = 0;
    mask_ = {};
    if (masked) std::copy_n(head_.begin() + 2 + length_bytes, mask_.size(), mask_.begin());

    const bool known = opcode_ <= op_binary || (opcode_ >= op_close && opcode_ <= op_pong);
    // The shortest spelling only.
    const bool shortest =
        length_bytes == 0 || (length_bytes == 2 ? left_ >= length_16 : left_ >= 65536);
    if (!known || !shortest || (head_[0] & reserved_bits) != 0 ||
        masked != (side_ == Side::relay)) {
        refuse(Errc::malformed_frame, CloseCode::protocol_error);
    } else if (is_control(opcode_)) {
        if (!final_ || left_ > control_bytes_max)
            refuse(Errc::malformed_frame, CloseCode::protocol_error);
    } else if (opcode_ == op_text) {
        refuse(Errc::malformed_frame, CloseCode::unacceptable);
    } else if ((opcode_ == op_continuation) != in_message_) {
        refuse(Errc::malformed_frame, CloseCode::protocol_error);
    } else if (left_ > limits::frame_bytes_max ||
               message.size() + left_ > limits::frame_bytes_max) {
        refuse(Errc::too_large, CloseCode::too_big);
    }
    return !broken_;
}

FrameReader::Event FrameReader::finish_frame()
{
    in_payload_ = false;
    head_filled_ = 0;
    switch (opcode_) {
    case op_ping:
        return Event::ping;
    case op_pong:
        return Event::nothing;
    case op_close:
        if (!control.empty()) {
            const auto code =
                control.size() < 2
                    ? std::uint16_t{0}
                    : static_cast<std::uint16_t>(unsigned{control[0]} << 8 | control[1]);
            if (!is_close_code(code))
                return refuse(Errc::malformed_frame, CloseCode::protocol_error);
            close_code = code;
        }
        return Event::close;
    default:
        in_message_ = !final_;
        return final_ ? Event::message : Event::nothing;
    }
}

FrameReader::Event FrameReader::take(ByteView& bytes)
{
    while (!broken_) {
        if (!in_payload_) {
            if (!take_head(bytes)) return Event::nothing;
            if (!is_acceptable()) break;
            in_payload_ = true;
            if (is_control(opcode_))
                control.clear();
            else if (message.empty())
                message.reserve(left_); // further fragments grow it as vectors grow
        }
        Bytes& target = is_control(opcode_) ? control : message;
        const std::size_t part = std::min<std::uint64_t>(left_, bytes.size());
        const std::size_t before = target.size();
        target.insert(target.end(), bytes.begin(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(part));
        apply_mask(std::span(target).subspan(before), mask_, taken_);
        bytes = bytes.subspan(part);
        left_ -= part;
        taken_ += part;
        if (left_ > 0) return Event::nothing;
        const Event event = finish_frame();
        if (event != Event::nothing) return event;
    }
    return Event::broken;
}

void FrameWriter::begin_frame()
{
    if (side_ == Side::device) mask_ = fresh_mask();
    head_.clear();
    put_head(head_, op_binary, messages_[next_]->size(), side_, mask_);
    head_sent_ = 0;
    sent_ = 0;
    ++next_;
}

bool FrameWriter::at_end() const
{
    return head_sent_ >= head_.size() && next_ == messages_.size() &&
           (next_ == 0 || sent_ == messages_[next_ - 1]->size());
}

std::size_t FrameWriter::fill(std::span<std::uint8_t> out)
{
    std::size_t filled = 0;
    while (filled < out.size()) {
        if (head_sent_ < head_.size()) {
            const std::size_t part = std::min(head_.size() - head_sent_, out.size() - filled);
            std::memcpy(out.data() + filled, head_.data() + head_sent_, part);
            head_sent_ += part;
            filled += part;
            continue;
        }
        if (next_ > 0 && sent_ < messages_[next_ - 1]->size()) {
            const Bytes& message = *messages_[next_ - 1];
            const std::size_t part = std::min(message.size() - sent_, out.size() - filled);
            std::memcpy(out.data() + filled, message.data() + sent_, part);
            apply_mask(out.subspan(filled, part), mask_, sent_);
            sent_ += part;
            filled += part;
            continue;
        }
        if (next_ > 0) messages_[next_ - 1].reset();
        if (next_ == messages_.size()) {
            next_ = 0;
            messages_.clear();
            head_.clear();
            break;
        }
        begin_frame();
    }
    return filled;
}

Bytes pong_frame(Side side, ByteView payload) { return control_frame(side, op_pong, payload); }

Bytes close_frame(Side side, CloseCode code)
{
    const auto number = static_cast<std::uint16_t>(code);
    const std::array<std::uint8_t, 2> payload{static_cast<std::uint8_t>(number >> 8),
                                              static_cast<std::uint8_t>(number)};
    return control_frame(side, op_close, payload);
}

} // namespace tocsin::net
