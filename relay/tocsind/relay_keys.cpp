#include "relay/tocsind/relay_keys.hpp"

#include "relay/tocsind/private_file.hpp"

#include "client-lib/crypto/secret.hpp"

#include <string>

namespace tocsin::tocsind {

namespace {
constexpr std::string_view head = "tocsin-relay-key-1 ";
} // namespace

Result<RelayKeys> make_relay_keys(const std::filesystem::path& file)
{
    const auto seed = crypto::Secret<32>::random();
    const auto box = crypto::Secret<32>::random();
    crypto::SecretBytes both(64);
    std::ranges::copy(seed.view(), both.data());
    std::ranges::copy(box.view(), both.data() + 32);
    std::string text(head);
    text += to_base64url(both.view());
    text += "\n";
    const Result<void> written = write_private(file, text);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    if (!written) return written.error();
    return RelayKeys{crypto::SignKey::from_seed(seed.view()),
                     crypto::BoxKey::from_secret(box.view())};
}

Result<RelayKeys> load_relay_keys(const std::filesystem::path& file)
{
    Result<std::string> text = read_small(file);
    if (!text) return text.error();
    if (!text->starts_with(head) || !text->ends_with("\n")) return Errc::damaged;
    const std::string_view encoded =
        std::string_view(*text).substr(head.size(), text->size() - head.size() - 1);
    auto bytes = from_base64url(encoded);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
    if (!bytes || bytes->size() != 64) return Errc::damaged;
    const ByteView view(*bytes);
    RelayKeys keys{crypto::SignKey::from_seed(view.first(32)),
                   crypto::BoxKey::from_secret(view.last(32))};
    crypto::wipe(*bytes);
    return keys;
}

} // namespace tocsin::tocsind
