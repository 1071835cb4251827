#include "relay/tocsind/init.hpp"

#include "relay/store/sqlite/sqlite_store.hpp"
#include "relay/tocsind/private_file.hpp"
#include "relay/tocsind/relay_keys.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/net/tls.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <iostream>

namespace tocsin::tocsind {

namespace {

constexpr int certificate_days = 3650;
constexpr std::chrono::hours invitation_life{24 * 30};
constexpr auto private_mode =
    std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

struct Folder {
    std::filesystem::path config, relay_key, certificate, certificate_key, database, invitation;
};

std::vector<std::filesystem::path> all(const Folder& files)
{
    return {files.config,   files.relay_key, files.certificate, files.certificate_key,
            files.database, files.invitation};
}

void remove(const Folder& files)
{
    std::error_code ignored;
    for (const std::filesystem::path& file : all(files))
        std::filesystem::remove(file, ignored);
    for (const char* suffix : {"-wal", "-shm", ".lock", ".reserve"}) {
        std::filesystem::path beside = files.database;
        std::filesystem::remove(beside += suffix, ignored);
    }
}

Folder files_of(const std::filesystem::path& folder)
{
    return {folder / "tocsind.toml",    folder / "relay.key", folder / "certificate.pem",
            folder / "certificate.key", folder / "tocsin.db", folder / "admin.invitation"};
}

Result<void> make(const InitOptions& options, const Folder& files)
{
    Result<RelayKeys> keys = make_relay_keys(files.relay_key);
    if (!keys) return keys.error();
    // The name is what a stranger sees who connects: it says nothing.
    Result<void> certificate =
        net::make_self_signed(files.certificate, files.certificate_key, "localhost", certificate_days);
    if (!certificate) return certificate.error();
    // Public in itself, but the fewer files others may read, the less there is to explain.
    std::error_code error;
    std::filesystem::permissions(files.certificate, private_mode, error);
    if (error) return Errc::io_failed;

    const auto secret = crypto::Secret<32>::random();
    const auto expires = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                         invitation_life;
    const store::Identity identity{
        .org = crypto::random_id<OrgId>(),
        .epoch = crypto::random_id<AlertId>().value,
        .admin_invitation = protocol::auth_hash(
            protocol::invitation_auth_key(secret.view()).public_key())};
    store::SqliteOptions database;
    database.path = files.database;
    Result<std::unique_ptr<store::SqliteStore>> created =
        store::SqliteStore::create(std::move(database), identity);
    if (!created) return created.error();

    // The organisation's name goes to its admin alone; the relay keeps none.
    const ByteView bytes = secret.view();
    const protocol::Invitation invitation{
        .org = identity.org,
        .relay_sign_key = keys->receipts.public_key(),
        .relay_box_key = keys->sessions.public_key(),
        .addresses = options.addresses.empty() ? std::vector<std::string>{options.listen}
                                               : options.addresses,
        .secret = Bytes(bytes.begin(), bytes.end()),
        .role = protocol::Role::admin,
        .expires_at = expires,
        .org_name = options.organisation,
        .for_whom = "admin"};
    Result<void> written =
        write_private(files.invitation, protocol::encode_code(invitation) + "\n");
    if (!written) return written.error();
    return write_private(files.config, settings::template_text(options.listen));
}

} // namespace

Exit init(const InitOptions& options)
{
    if (!settings::is_listen(options.listen)) {
        std::cerr << "tocsind: --listen " << options.listen << " is not address:port; for example: "
                  << "--listen 0.0.0.0:443\n";
        return Exit::usage;
    }
    const Folder files = files_of(options.folder);
    // Nothing is touched before it is known that there is nothing.
    for (const std::filesystem::path& file : all(files)) {
        std::error_code ignored;
        if (!std::filesystem::exists(file, ignored)) continue;
        std::cerr << "tocsind: " << options.folder.string()
                  << " holds a relay already; nothing was changed.\n  Found: " << file.string()
                  << "\n  Run it with: tocsind run --config " << files.config.string()
                  << "\n  (write that file again if it was lost), or name another folder with --dir.\n";
        return Exit::failed;
    }
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (!error)
        std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
    if (error) {
        std::cerr << "tocsind: the folder " << options.folder.string()
                  << " cannot be made: " << error.message() << "\n";
        return Exit::failed;
    }
    const Result<void> made = make(options, files);
    if (!made) {
        // Somebody else's, made in this very moment, is theirs to keep.
        if (made.error() != Errc::already_exists) remove(files);
        std::cerr << "tocsind: the relay could not be made in " << options.folder.string() << ": "
                  << made.error().message() << "\n  Nothing of it is in use: try again.\n";
        return Exit::failed;
    }
    std::cout << "A new relay is ready in " << options.folder.string() << ".\n\n"
              << "  1. Check it:       tocsind check --config " << files.config.string() << "\n"
              << "  2. Run it:         tocsind run --config " << files.config.string() << "\n"
              << "  3. Give the organisation's admin, and nobody else, this file:\n"
              << "                     " << files.invitation.string() << "\n"
              << "     It works once, for the first directory, within 30 days. Then delete it here.\n\n"
              << "Keep a copy of " << files.relay_key.filename().string()
              << " somewhere safe: without it every device must be invited again.\n";
    return Exit::ok;
}

} // namespace tocsin::tocsind
