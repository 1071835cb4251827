// What a device knows of joining, of its person's other devices, and of its own end.
#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tocsin {

using client::Compartment;
namespace file = client::file;

Result<JoinWords> Device::join_words(std::string_view code) const
{
    const client::KeyStore& store = impl_->store;
    if (!store.unlocked()) return Errc::locked;
    Result<protocol::Invitation> invitation = protocol::decode_code(code);
    if (!invitation) return invitation.error();
    const auto begun = store.load<client::JoinRecord>(Compartment::vault, file::join);
    if (!begun || begun->code != crypto::hash("store/invitation", {invitation->secret}))
        return Errc::not_found;
    const auto words = protocol::comparison(invitation->secret, begun->request);
    crypto::wipe(invitation->secret);
    if (!words) return words.error();
    return JoinWords{*words, invitation->language.empty() ? "en" : invitation->language};
}

Result<std::string> read_spoken_code(std::string_view typed)
{
    return protocol::parse_spoken_code(typed);
}

Result<OwnDevices> Device::devices() const
{
    const auto record = impl_->record();
    if (!record) return record.error();
    if (record->role == DeviceRole::none) return Errc::not_joined;
    OwnDevices own;
    const DeviceId me =
        protocol::device_id(crypto::SignKey::from_seed(record->sign_seed.view()).public_key());
    own.devices.push_back(me);
    if (record->role != DeviceRole::contact) return own;
    const Result<protocol::Roster> roster = client::load_roster(impl_->store);
    if (!roster) return roster.error();
    const auto contact =
        std::ranges::find(roster->contacts, record->contact, &protocol::Contact::number);
    if (contact == roster->contacts.end()) return own;

    std::vector<std::pair<std::uint32_t, DeviceId>> joined;
    std::optional<std::uint32_t> person;
    for (const protocol::ContactPerson& each : contact->joined) {
        const auto list = protocol::decode_device_list(each.device_list.bytes);
        if (!list) continue; // the roster was verified whole: it was there
        for (const protocol::DeviceCard& card : list->devices) {
            joined.emplace_back(each.person, card.device);
            if (card.device == me) person = each.person;
        }
    }
    if (!person) return own;
    own.complete = true;
    for (const auto& [number, device] : joined) {
        const bool revoked =
            std::ranges::find(contact->revoked_devices, device) != contact->revoked_devices.end();
        if (number == *person && device != me && !revoked) own.devices.push_back(device);
    }
    const auto named = std::ranges::find(contact->people, *person, &protocol::Person::number);
    if (named != contact->people.end()) own.person = named->name;
    return own;
}

namespace {

// The file system may keep old blocks; what is in reach is overwritten.
void overwrite(const std::filesystem::path& path)
{
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return;
    struct stat about {};
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)) {
        const Bytes zeros(static_cast<std::size_t>(about.st_size));
        [[maybe_unused]] const ssize_t written = write(descriptor, zeros.data(), zeros.size());
        fsync(descriptor);
    }
    close(descriptor);
}

} // namespace

Result<void> Device::erase(const std::filesystem::path& home)
{
    std::error_code failed;
    // The keys first: without them the rest is noise, whatever interrupts this.
    for (const char* key : {"kit.key", "vault"}) {
        overwrite(home / key);
        std::filesystem::remove(home / key, failed);
        if (failed) return Errc::io_failed;
    }
    for (const char* part : {"kit", "vault.d"}) {
        for (std::filesystem::directory_iterator it(home / part, failed), end; !failed && it != end;
             it.increment(failed)) {
            std::error_code ignored;
            if (it->is_regular_file(ignored)) std::filesystem::remove(it->path(), ignored);
        }
        std::filesystem::remove(home / part, failed);
    }
    for (const char* lock : {"lock", "books.lock"})
        std::filesystem::remove(home / lock, failed);
    std::filesystem::remove(home, failed); // stays when something else lies in it
    return {};
}

} // namespace tocsin
