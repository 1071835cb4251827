// Protobuf at arm's length: what the convert_*.cpp files of this folder share. Included by them
// alone.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <cassert>
#include <chrono>
#include <limits>
#include <optional>
#include <string>

namespace tocsin::protocol::wire {

// Protobuf tells stderr of every string that is not UTF-8: whatever a peer sends is reported as an
// error code, and never written anywhere.
inline const bool protobuf_is_silent = (google::protobuf::SetLogHandler(nullptr), true);

// ---- single values ----

inline ByteView view(const std::string& bytes)
{
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
inline Bytes bytes_of(const std::string& bytes) { return {bytes.begin(), bytes.end()}; }
inline void put(std::string* field, ByteView bytes)
{
    field->assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// False unless `from` has exactly the id's size.
template <class Tag, std::size_t N>
[[nodiscard]] bool get(const std::string& from, Id<Tag, N>& id)
{
    const auto found = Id<Tag, N>::from(view(from));
    if (!found) return false;
    id = *found;
    return true;
}
// Also takes an empty field: nothing.
template <class Tag, std::size_t N>
[[nodiscard]] bool get(const std::string& from, std::optional<Id<Tag, N>>& id)
{
    id.reset();
    return from.empty() || get(from, id.emplace());
}

// False unless the number fits the enumeration, whose values are first..last without a gap.
template <class Enum>
[[nodiscard]] bool get(std::uint32_t from, Enum& value, Enum first, Enum last)
{
    if (from < static_cast<std::uint32_t>(first) || from > static_cast<std::uint32_t>(last))
        return false;
    value = static_cast<Enum>(from);
    return true;
}

[[nodiscard]] inline bool get(std::uint32_t from, std::uint16_t& value)
{
    value = static_cast<std::uint16_t>(from);
    return from <= std::numeric_limits<std::uint16_t>::max();
}

// The years 1970 to 9999: within them sums of times and durations cannot overflow.
inline constexpr std::int64_t unix_s_max = 253'402'300'799;

[[nodiscard]] inline bool get_ms(std::int64_t from, TimePoint& value)
{
    value = TimePoint(std::chrono::milliseconds(from));
    return from >= 0 && from <= unix_s_max * 1000 + 999;
}
[[nodiscard]] inline bool get_s(std::int64_t from, std::chrono::sys_seconds& value)
{
    value = std::chrono::sys_seconds(std::chrono::seconds(from));
    return from >= 0 && from <= unix_s_max;
}

inline std::uint32_t u32(std::chrono::seconds duration)
{
    assert(duration.count() >= 0 && duration.count() <= std::numeric_limits<std::uint32_t>::max());
    return static_cast<std::uint32_t>(duration.count());
}

// ---- whole messages ----

[[nodiscard]] inline bool parse(google::protobuf::MessageLite& message, ByteView from)
{
    return from.size() <= std::numeric_limits<int>::max() &&
           message.ParseFromArray(from.data(), static_cast<int>(from.size()));
}

[[nodiscard]] inline Bytes serialise(const google::protobuf::MessageLite& message)
{
    Bytes bytes(message.ByteSizeLong());
    message.SerializeWithCachedSizesToArray(bytes.data());
    return bytes;
}

// ---- field by field: for messages that carry a payload, which is then copied once ----

struct Field {
    int number = 0;
    bool delimited = false; // else a varint
    ByteView bytes;
    std::uint64_t varint = 0;
};

// Calls `take(field)` for every varint and every delimited field, in order of arrival; others are
// passed over. False when the bytes are no message or `take` said false.
template <class Take>
[[nodiscard]] bool each_field(ByteView from, Take take)
{
    namespace pb = google::protobuf;
    using pb::internal::WireFormatLite;
    if (from.size() > std::numeric_limits<int>::max()) return false;
    pb::io::CodedInputStream in(from.data(), static_cast<int>(from.size()));
    while (const std::uint32_t tag = in.ReadTag()) {
        Field field;
        field.number = WireFormatLite::GetTagFieldNumber(tag);
        switch (WireFormatLite::GetTagWireType(tag)) {
        case WireFormatLite::WIRETYPE_VARINT:
            if (!in.ReadVarint64(&field.varint)) return false;
            break;
        case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
            std::uint32_t length = 0;
            if (!in.ReadVarint32(&length)) return false;
            const auto at = static_cast<std::size_t>(in.CurrentPosition());
            if (length > from.size() - at || !in.Skip(static_cast<int>(length))) return false;
            field.delimited = true;
            field.bytes = from.subspan(at, length);
            break;
        }
        default:
            if (!WireFormatLite::SkipField(&in, tag)) return false;
            continue;
        }
        if (field.number == 0 || !take(field)) return false;
    }
    return in.ConsumedEntireMessage();
}

// Appends fields in protobuf's encoding to one buffer.
class Writer {
public:
    explicit Writer(std::size_t reserve) { out_.reserve(reserve); }

    // Fields of value zero are left out, as everywhere in proto3.
    void varint(int number, std::uint64_t value)
    {
        if (value == 0) return;
        raw(static_cast<std::uint64_t>(number) << 3);
        raw(value);
    }
    void bytes(int number, ByteView value)
    {
        if (value.empty()) return;
        head(number, value.size());
        out_.insert(out_.end(), value.begin(), value.end());
    }
    void message(int number, const google::protobuf::MessageLite& value)
    {
        const std::size_t size = value.ByteSizeLong();
        head(number, size);
        const std::size_t at = out_.size();
        out_.resize(at + size);
        value.SerializeWithCachedSizesToArray(out_.data() + at);
    }
    // What precedes `size` bytes that the caller appends next.
    void head(int number, std::size_t size)
    {
        raw(static_cast<std::uint64_t>(number) << 3 | 2);
        raw(size);
    }
    // The encoded size of a field of `size` bytes.
    [[nodiscard]] static std::size_t field_size(std::size_t size)
    {
        std::size_t head = 2; // The field numbers used here are below 16: one byte.
        for (std::size_t rest = size; rest > 0x7F; rest >>= 7)
            ++head;
        return head + size;
    }
    [[nodiscard]] Bytes take() { return std::move(out_); }

private:
    void raw(std::uint64_t value)
    {
        for (; value > 0x7F; value >>= 7)
            out_.push_back(static_cast<std::uint8_t>(value | 0x80));
        out_.push_back(static_cast<std::uint8_t>(value));
    }

    Bytes out_;
};

} // namespace tocsin::protocol::wire
