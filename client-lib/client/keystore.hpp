// The sealed files of one device.
//
//     home/            0700
//       lock           flock around every change
//       vault          the vault's key, sealed under Argon2id(passphrase); the marker that a key
//                      store is here, written last
//       kit.key        32 random bytes that seal everything in kit/
//       kit/NAME       opened without a passphrase
//       vault.d/NAME   opened with the vault's key, or with its box key: what the kit puts there
//                      while the vault is locked can't be read back by the kit
//
// Every sealed file: tag (1) | box. XChaCha20-Poly1305 (tags 1 and 2) or HPKE to the vault's box
// key (tag 3), AAD or info = label | compartment and name | format version: no file can stand in
// for another. Whoever destroys the 32 bytes of kit.key has destroyed the kit.
//
// Nothing is cached: each read sees what another process wrote.
//
// Thread safety: one object from one thread. Blocking: file I/O with fsync; create and unlock take
// about 0.1 s of CPU. Errors: `Errc::damaged` for a file that is torn or altered, `Errc::locked`,
// `Errc::io_failed`, `Errc::busy` when another process keeps the lock.
#pragma once

#include "client-lib/client/codec.hpp"
#include "client-lib/client/files.hpp"
#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/secret.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::client {

enum class Compartment : std::uint8_t { kit = 1, vault = 2 };

class KeyStore {
public:
    // Everything but the marker; `finish` writes that. `Errc::already_exists`.
    [[nodiscard]] static Result<KeyStore> create(const std::filesystem::path& home,
                                                 std::string_view passphrase);
    [[nodiscard]] Result<void> finish();
    // `Errc::not_joined`: no key store here.
    [[nodiscard]] static Result<KeyStore> open(const std::filesystem::path& home);

    // `Errc::wrong_passphrase`, `Errc::invalid_argument` when it is empty.
    [[nodiscard]] Result<void> unlock(std::string_view passphrase);
    [[nodiscard]] bool unlocked() const { return vault_key_.has_value(); }

    // Holds the lock of the key store while it lives.
    class Changing {
    public:
        explicit Changing(FileLock& lock) : lock_(&lock) {}
        Changing(Changing&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
        Changing& operator=(Changing&&) = delete;
        ~Changing()
        {
            if (lock_ != nullptr) lock_->release();
        }

    private:
        FileLock* lock_;
    };
    [[nodiscard]] Result<Changing> change();

    // `Errc::not_found`. The caller wipes the bytes.
    [[nodiscard]] Result<Bytes> read(Compartment compartment, std::string_view name) const;
    [[nodiscard]] bool has(Compartment compartment, std::string_view name) const;
    // Only while changing (asserted).
    [[nodiscard]] Result<void> write(Compartment compartment, std::string_view name,
                                     ByteView bytes);
    // Into the vault, locked or not.
    [[nodiscard]] Result<void> write_to_vault(std::string_view name, ByteView bytes);
    [[nodiscard]] Result<void> remove(Compartment compartment, std::string_view name);
    [[nodiscard]] Result<std::vector<std::string>> list(Compartment compartment,
                                                        std::string_view prefix) const;

    // A name for a file that tells nobody what it is the name of. Unlocked only (asserted).
    [[nodiscard]] std::string private_name(std::string_view prefix, std::string_view name) const;

    template <class Record>
    [[nodiscard]] Result<Record> load(Compartment compartment, std::string_view name) const
    {
        Result<Bytes> bytes = read(compartment, name);
        if (!bytes) return bytes.error();
        Result<Record> record = unpack<Record>(*bytes);
        crypto::wipe(*bytes);
        return record;
    }
    template <class Record>
    [[nodiscard]] Result<void> keep(Compartment compartment, std::string_view name,
                                    const Record& record)
    {
        Writer writer;
        pack(writer, record);
        return write(compartment, name, writer.view());
    }

private:
    KeyStore(std::filesystem::path home, FileLock lock)
        : home_(std::move(home)),
          lock_(std::make_unique<FileLock>(std::move(lock)))
    {
    }
    [[nodiscard]] std::filesystem::path directory(Compartment compartment) const;

    std::filesystem::path home_;
    std::unique_ptr<FileLock> lock_; // stays in place when the store moves: `Changing` points to it
    crypto::Secret<32> kit_key_;
    BoxPublicKey vault_box_;
    Bytes marker_; // what `finish` will write
    std::optional<crypto::Secret<32>> vault_key_{};
    std::optional<crypto::BoxKey> vault_box_key_{};
};

} // namespace tocsin::client
