#include "client-lib/cli/code_text.hpp"

#include "client-lib/cli/parse.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

constexpr std::string_view full_prefix = "tocsin1:";
constexpr std::string_view short_prefix = "tocsin:";

std::string with_port(std::string_view given)
{
    const std::string address = lowered(trimmed(given));
    const std::size_t colon = address.rfind(':');
    const bool port = colon != std::string::npos && address.find(']', colon) == std::string::npos;
    return address.empty() || port ? address : address + ":443";
}

} // namespace

std::optional<CodeText> read_code_text(std::string_view given)
{
    const std::string text = trimmed(given);
    const std::string low = lowered(text);
    if (low.starts_with(full_prefix)) return CodeText{text, {}, {}};
    CodeText out;
    if (low.starts_with(short_prefix)) {
        const std::size_t slash = low.rfind('/');
        if (slash == std::string::npos) return std::nullopt;
        out.digits = trimmed(low.substr(slash + 1));
        out.address = with_port(low.substr(short_prefix.size(), slash - short_prefix.size()));
        if (out.address.empty()) return std::nullopt;
    } else {
        const std::size_t at = low.find(" at ");
        out.digits = trimmed(low.substr(0, at));
        if (at != std::string::npos) out.address = with_port(low.substr(at + 4));
    }
    // A code begins with a digit; anything else is a file that isn't there, or no code at all.
    if (out.digits.empty() || out.digits.front() < '0' || out.digits.front() > '9')
        return std::nullopt;
    return out;
}

std::string grouped_digits(std::string_view digits)
{
    std::string text;
    for (std::size_t i = 0; i < digits.size(); i += 4)
        text += (i == 0 ? "" : " ") + std::string{digits.substr(i, 4)};
    return text;
}

std::string code_uri(std::string_view digits, std::string_view address)
{
    std::string text = "TOCSIN:";
    std::ranges::transform(address, std::back_inserter(text), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text + "/" + std::string{digits};
}

} // namespace tocsin::cli
