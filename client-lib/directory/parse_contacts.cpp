// [[contact]] and [[contact.channel]].
#include "client-lib/directory/parts.hpp"

#include <tocsin/limits.hpp>

#include <array>

namespace tocsin::directory {
namespace {

constexpr std::size_t fingerprint_digits = 40;
constexpr std::array<std::string_view, 4> channel_types{"email", "sms", "webhook", "ntfy"};

struct Shape {
    bool (*holds)(std::string_view address);
    std::string_view example;
};

bool is_email(std::string_view address)
{
    const std::size_t at = address.find('@');
    return at != std::string_view::npos && at > 0 && address.find('@', at + 1) == address.npos &&
           address.find('.', at) != address.npos && address.back() != '.' &&
           address.find(' ') == address.npos;
}

bool is_phone(std::string_view address)
{
    return address.size() >= 8 && address.size() <= 16 && address.front() == '+' &&
           std::ranges::all_of(address.substr(1), [](char c) { return '0' <= c && c <= '9'; });
}

bool is_https(std::string_view address)
{
    return address.starts_with("https://") && address.size() > 11 &&
           address.find(' ') == address.npos;
}

// In the order of ChannelEntry::Type.
constexpr std::array<Shape, 4> shapes{{{is_email, "desk@example.org"},
                                       {is_phone, "+243970000000"},
                                       {is_https, "https://hooks.example.org/tocsin"},
                                       {is_https, "https://ntfy.example.org/desk"}}};

bool is_fingerprint(std::string_view text)
{
    return text.size() == fingerprint_digits && std::ranges::all_of(text, [](char c) {
               return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F');
           });
}

void read_openpgp(TableReader& reader, ChannelEntry& entry)
{
    const auto written =
        reader.text("openpgp", "0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567");
    if (!written) return;
    // People copy fingerprints as their programs print them: in groups.
    std::string digits = *written;
    std::erase(digits, ' ');
    if (!is_fingerprint(digits))
        reader.mistake(reader.at("openpgp"), "this is no OpenPGP fingerprint",
                       "write the 40 hexadecimal digits that \"gpg --fingerprint\" prints");
    else if (entry.type != ChannelEntry::Type::email)
        reader.mistake(reader.at("openpgp"), "only e-mail is sealed with OpenPGP",
                       "remove it, or write type = \"email\"");
    entry.openpgp = std::move(digits);
}

ChannelEntry read_channel(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[contact.channel]]", remarks);
    ChannelEntry entry;
    const std::vector<std::string> known(channel_types.begin(), channel_types.end());
    std::optional<std::size_t> type;
    if (const auto written = reader.required_text("type", "email")) {
        const auto it = std::ranges::find(channel_types, *written);
        if (it != channel_types.end())
            type = static_cast<std::size_t>(it - channel_types.begin());
        else
            reader.mistake(reader.at("type"), in_quotes(*written) + " is no type of channel",
                           did_you_mean(*written, known, "the types are: " + joined(known)));
    }
    entry.type = static_cast<ChannelEntry::Type>(type.value_or(0) + 1);
    const Shape& shape = shapes.at(type.value_or(0));
    if (const auto address = reader.required_text("address", shape.example)) {
        entry.address = *address;
        if (type && !shape.holds(*address))
            reader.mistake(reader.at("address"),
                           in_quotes(*address) +
                               " is no address for type = " + in_quotes(channel_types.at(*type)),
                           "write it as in address = " + in_quotes(shape.example));
    }
    if (type) read_openpgp(reader, entry);
    return entry;
}

} // namespace

ContactDraft read_contact(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[contact]]", remarks);
    ContactDraft draft;
    ContactEntry& entry = draft.entry;
    entry.id = reader.id("goma-circle");
    draft.at = reader.at("id");
    entry.name = reader.required_text("name", "Goma solidarity circle").value_or("");
    if (const auto written = reader.required_text("kind", "peer")) {
        const std::optional<Kind> kind = kind_from(*written);
        draft.kind_known = kind && *kind != Kind::any;
        const std::vector<std::string> known = names<Kind>(1, kind_max);
        if (draft.kind_known)
            entry.kind = *kind;
        else
            reader.mistake(reader.at("kind"), in_quotes(*written) + " is no kind of contact",
                           did_you_mean(*written, known, "the kinds are: " + joined(known)));
    }
    entry.country = reader.country("country");
    entry.languages = reader.languages("languages");
    draft.people = reader.texts("people", "amina");
    if (draft.people.size() > limits::contact_people_max)
        reader.mistake(reader.at("people"), "this contact has too many people",
                       "at most " + std::to_string(limits::contact_people_max) +
                           "; make two contacts of it");
    for (const toml::table* channel : reader.tables("channel"))
        entry.channels.push_back(read_channel(*channel, remarks));
    draft.channels_at = reader.at("channel");
    return draft;
}

} // namespace tocsin::directory
