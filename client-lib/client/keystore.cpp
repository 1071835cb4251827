#include "client-lib/client/keystore.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/crypto/passphrase.hpp"
#include "client-lib/crypto/random.hpp"

#include <cassert>

namespace tocsin::client {

template <class Archive>
void fields(Archive& ar, crypto::PassphraseParameters& p)
{
    ar(p.ops, p.mem_bytes, p.salt);
}

namespace {

constexpr std::string_view kit_key_file = "kit.key";
constexpr std::string_view vault_file = "vault";
constexpr std::string_view lock_file = "lock";
constexpr std::uint32_t format_version = 1;

enum class Tag : std::uint8_t { kit = 1, vault = 2, to_vault = 3 };

// What lies in the file `vault`, before the hash that ends it. The hash tells a damaged file from a
// wrong passphrase; it covers nothing secret.
struct Marker {
    std::uint32_t version = format_version;
    crypto::PassphraseParameters parameters;
    BoxPublicKey box; // what the kit seals to
    Bytes sealed_key;
};

template <class Archive>
void fields(Archive& ar, Marker& m)
{
    ar(m.version, m.parameters, m.box, m.sealed_key);
}

// Binds the parameters and the box key, so that neither can be exchanged under a sealed key.
Bytes marker_context(const Marker& marker)
{
    const auto version = crypto::be32(marker.version);
    const auto ops = crypto::be32(marker.parameters.ops);
    const auto memory = crypto::be64(marker.parameters.mem_bytes);
    return crypto::labelled("store/vault",
                            {version, ops, memory, marker.parameters.salt, marker.box.view()});
}

Digest marker_hash(ByteView marker) { return crypto::hash("store/marker", {marker}); }

Result<Marker> read_marker(const std::filesystem::path& home)
{
    const Result<Bytes> bytes = read_file(home / vault_file);
    if (!bytes) return bytes.error();
    if (bytes->size() < Digest::bytes) return Errc::damaged;
    const ByteView marker = ByteView(*bytes).first(bytes->size() - Digest::bytes);
    if (!crypto::same(marker_hash(marker).view(), ByteView(*bytes).last(Digest::bytes)))
        return Errc::damaged;
    Result<Marker> unpacked = unpack<Marker>(marker);
    if (unpacked && unpacked->version != format_version) return Errc::unsupported_version;
    return unpacked;
}

Bytes file_context(Compartment compartment, std::string_view name)
{
    const std::array<std::uint8_t, 1> where{static_cast<std::uint8_t>(compartment)};
    const auto version = crypto::be32(format_version);
    return crypto::labelled("store/file", {where, crypto::bytes_of(name), version});
}

crypto::BoxKey vault_box_from(const crypto::Secret<32>& vault_key)
{
    const crypto::Secret<32> secret = crypto::derive("store/vault-box", vault_key.view(), {});
    return crypto::BoxKey::from_secret(secret.view());
}

Bytes tagged(Tag tag, ByteView box)
{
    Bytes file;
    file.reserve(1 + box.size());
    file.push_back(static_cast<std::uint8_t>(tag));
    file.insert(file.end(), box.begin(), box.end());
    return file;
}

} // namespace

Result<KeyStore> KeyStore::create(const std::filesystem::path& home, std::string_view passphrase)
{
    Marker marker;
    marker.parameters = crypto::PassphraseParameters::fresh();
    const Result<crypto::Secret<32>> wrapping =
        crypto::key_from_passphrase(passphrase, marker.parameters);
    if (!wrapping) return wrapping.error();

    const Result<void> made = make_private_directory(home);
    if (!made) return made.error();
    Result<FileLock> lock = FileLock::on(home / lock_file);
    if (!lock) return lock.error();
    KeyStore store(home, std::move(*lock));
    const Result<Changing> changing = store.change();
    if (!changing) return changing.error();
    if (read_file(home / vault_file).error() != Errc::not_found) return Errc::already_exists;

    for (const Compartment each : {Compartment::kit, Compartment::vault}) {
        const Result<void> directory = make_private_directory(store.directory(each));
        if (!directory) return directory.error();
    }
    store.kit_key_ = crypto::Secret<32>::random();
    const Result<void> kept = write_file(home, kit_key_file, store.kit_key_.view());
    if (!kept) return kept.error();

    store.vault_key_ = crypto::Secret<32>::random();
    store.vault_box_key_ = vault_box_from(*store.vault_key_);
    store.vault_box_ = store.vault_box_key_->public_key();
    marker.box = store.vault_box_;
    marker.sealed_key =
        crypto::seal(wrapping->view(), store.vault_key_->view(), marker_context(marker));
    Writer writer;
    pack(writer, marker);
    store.marker_.assign(writer.view().begin(), writer.view().end());
    const Digest hash = marker_hash(store.marker_);
    store.marker_.insert(store.marker_.end(), hash.value.begin(), hash.value.end());
    return store;
}

Result<void> KeyStore::finish()
{
    assert(lock_->held() && !marker_.empty());
    Result<void> written = write_file(home_, vault_file, marker_);
    if (written) marker_.clear();
    return written;
}

Result<KeyStore> KeyStore::open(const std::filesystem::path& home)
{
    const Result<Marker> marker = read_marker(home);
    if (!marker) return marker.error() == Errc::not_found ? Errc::not_joined : marker.error();
    Result<FileLock> lock = FileLock::on(home / lock_file);
    if (!lock) return lock.error();
    KeyStore store(home, std::move(*lock));
    store.vault_box_ = marker->box;

    Result<Bytes> key = read_file(home / kit_key_file);
    if (!key) return key.error() == Errc::not_found ? Errc::damaged : key.error();
    if (key->size() != crypto::Secret<32>::bytes) return Errc::damaged;
    store.kit_key_ = crypto::Secret<32>::copy_of(*key);
    crypto::wipe(*key);

    const Result<Changing> changing = store.change();
    if (!changing) return changing.error();
    sweep(home);
    sweep(store.directory(Compartment::kit));
    sweep(store.directory(Compartment::vault));
    return store;
}

Result<void> KeyStore::unlock(std::string_view passphrase)
{
    const Result<Marker> marker = read_marker(home_);
    if (!marker) return marker.error() == Errc::not_found ? Errc::damaged : marker.error();
    const Result<crypto::Secret<32>> wrapping =
        crypto::key_from_passphrase(passphrase, marker->parameters);
    if (!wrapping) return wrapping.error();
    Result<Bytes> key = crypto::open(wrapping->view(), marker->sealed_key, marker_context(*marker));
    if (!key) return Errc::wrong_passphrase;
    if (key->size() != crypto::Secret<32>::bytes) return Errc::damaged;
    crypto::Secret<32> vault_key = crypto::Secret<32>::copy_of(*key);
    crypto::wipe(*key);
    crypto::BoxKey box = vault_box_from(vault_key);
    if (box.public_key() != marker->box) return Errc::damaged;
    vault_key_ = std::move(vault_key);
    vault_box_key_ = std::move(box);
    return {};
}

Result<KeyStore::Changing> KeyStore::change()
{
    const Result<void> acquired = lock_->acquire();
    if (!acquired) return acquired.error();
    return Changing(*lock_);
}

std::filesystem::path KeyStore::directory(Compartment compartment) const
{
    return home_ / (compartment == Compartment::kit ? "kit" : "vault.d");
}

Result<Bytes> KeyStore::read(Compartment compartment, std::string_view name) const
{
    if (compartment == Compartment::vault && !unlocked()) return Errc::locked;
    const Result<Bytes> file = read_file(directory(compartment) / name);
    if (!file) return file.error();
    if (file->empty()) return Errc::damaged;
    const ByteView box = ByteView(*file).subspan(1);
    const Bytes context = file_context(compartment, name);
    Result<Bytes> opened = Errc::damaged;
    switch (static_cast<Tag>(file->front())) {
    case Tag::kit:
        if (compartment == Compartment::kit) opened = crypto::open(kit_key_.view(), box, context);
        break;
    case Tag::vault:
        if (compartment == Compartment::vault)
            opened = crypto::open(vault_key_->view(), box, context);
        break;
    case Tag::to_vault:
        if (compartment == Compartment::vault)
            opened = crypto::hpke::open(*vault_box_key_, context, {}, box);
        break;
    }
    if (!opened) return Errc::damaged;
    return opened;
}

bool KeyStore::has(Compartment compartment, std::string_view name) const
{
    std::error_code ec;
    return std::filesystem::exists(directory(compartment) / name, ec);
}

Result<void> KeyStore::write(Compartment compartment, std::string_view name, ByteView bytes)
{
    assert(lock_->held());
    if (compartment == Compartment::vault && !unlocked()) return Errc::locked;
    const bool kit = compartment == Compartment::kit;
    const ByteView key = kit ? kit_key_.view() : vault_key_->view();
    const Bytes box = crypto::seal(key, bytes, file_context(compartment, name));
    return write_file(directory(compartment), name, tagged(kit ? Tag::kit : Tag::vault, box));
}

Result<void> KeyStore::write_to_vault(std::string_view name, ByteView bytes)
{
    assert(lock_->held());
    const Bytes context = file_context(Compartment::vault, name);
    const Result<Bytes> box = crypto::hpke::seal(vault_box_, context, {}, bytes);
    if (!box) return Errc::damaged; // no public key of ours refuses
    return write_file(directory(Compartment::vault), name, tagged(Tag::to_vault, *box));
}

Result<void> KeyStore::remove(Compartment compartment, std::string_view name)
{
    assert(lock_->held());
    return remove_file(directory(compartment), name);
}

Result<std::vector<std::string>> KeyStore::list(Compartment compartment,
                                                std::string_view prefix) const
{
    return list_files(directory(compartment), prefix);
}

std::string KeyStore::private_name(std::string_view prefix, std::string_view name) const
{
    assert(unlocked());
    const crypto::Secret<32> derived =
        crypto::derive("store/name", vault_key_->view(), {crypto::bytes_of(name)});
    return std::string(prefix) + to_hex(derived.view().first(16));
}

} // namespace tocsin::client
