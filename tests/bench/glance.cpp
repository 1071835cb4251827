#include "tests/bench/glance.hpp"

#include <optional>

namespace tocsin::bench {

namespace {

// The wire types of Protobuf that link.proto uses.
enum class Wire : std::uint8_t { number = 0, bytes = 2 };

struct Field {
    std::uint64_t tag = 0;
    std::uint64_t number = 0; // of a number field
    ByteView bytes;
};

std::optional<std::uint64_t> take_varint(ByteView& from)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
        const std::uint8_t byte = from.front();
        from = from.subspan(1);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

std::optional<Field> take_field(ByteView& from)
{
    const auto key = take_varint(from);
    const auto value = key ? take_varint(from) : std::nullopt;
    if (!value) return std::nullopt;
    Field field{.tag = *key >> 3, .number = *value, .bytes = {}};
    if (static_cast<Wire>(*key & 7U) == Wire::number) return field;
    if (static_cast<Wire>(*key & 7U) != Wire::bytes || *value > from.size()) return std::nullopt;
    field.bytes = from.first(*value);
    from = from.subspan(*value);
    return field;
}

// The first field of that number, if there is one.
std::optional<Field> field_of(ByteView message, std::uint64_t tag)
{
    while (auto field = take_field(message))
        if (field->tag == tag) return field;
    return std::nullopt;
}

ByteView find(ByteView message, std::uint64_t tag)
{
    const auto field = field_of(message, tag);
    return field ? field->bytes : ByteView{};
}

} // namespace

Result<Glance> glance(ByteView message)
{
    constexpr std::uint64_t request = 1, done = 2, receipt = 4, deliver = 5, ring = 6;
    constexpr std::uint64_t deliver_header = 1, deliver_call = 7, header_alert = 3, ring_alert = 1;
    constexpr std::uint64_t receipt_alert = 1;
    Glance seen;
    auto body = take_field(message);
    if (body && body->tag == request) {
        seen.request = body->number;
        body = take_field(message);
    }
    if (!body) return Errc::malformed_frame;
    ByteView alert;
    switch (body->tag) {
    case done:
        seen.said = Said::done;
        return seen;
    case receipt:
        seen.said = Said::receipt;
        alert = find(body->bytes, receipt_alert);
        break;
    case deliver:
        seen.said = Said::deliver;
        alert = find(find(body->bytes, deliver_header), header_alert);
        seen.calls = field_of(body->bytes, deliver_call).has_value();
        break;
    case ring:
        seen.said = Said::ring;
        alert = find(body->bytes, ring_alert);
        break;
    default:
        return seen;
    }
    const auto id = AlertId::from(alert);
    if (!id) return Errc::malformed_frame;
    seen.alert = *id;
    return seen;
}

} // namespace tocsin::bench
