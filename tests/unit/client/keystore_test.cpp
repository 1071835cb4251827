#include "client-lib/client/keystore.hpp"

#include "tests/unit/client/world.hpp"

#include "client-lib/client/records.hpp"

#include <algorithm>
#include <fstream>
#include <sys/stat.h>
#include <thread>

namespace tocsin::client {
namespace {

using test::Folder;
using test::passphrase;
namespace fs = std::filesystem;

Bytes slurp(const fs::path& path) { return read_file(path).value(); }

void spill(const fs::path& path, ByteView bytes)
{
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

Bytes words(std::string_view text) { return {text.begin(), text.end()}; }

class KeyStoreTest : public testing::Test {
protected:
    KeyStoreTest() : unlocked(make())
    {
        const auto changing = unlocked.change().value();
        EXPECT_TRUE(unlocked.write(Compartment::kit, "note", words("for a panic")));
        EXPECT_TRUE(unlocked.write_to_vault("secret", words("from the kit")));
    }
    KeyStore make() const
    {
        Device device = Device::create(home, passphrase).value();
        EXPECT_TRUE(device.keep("books", words("the admin's books")));
        return open_unlocked();
    }
    // Everything that can be read, read; the first error. The vault through one store that was
    // unlocked once: nothing is cached, and each unlocking takes its tenth of a second.
    boost::system::error_code read_all()
    {
        const Result<KeyStore> fresh = KeyStore::open(home);
        if (!fresh) return fresh.error();
        for (const Compartment each : {Compartment::kit, Compartment::vault}) {
            const KeyStore& store = each == Compartment::kit ? *fresh : unlocked;
            for (const std::string& name : store.list(each, "").value()) {
                const Result<Bytes> bytes = store.read(each, name);
                if (!bytes) return bytes.error();
            }
        }
        return {};
    }
    std::vector<fs::path> files() const
    {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(home))
            if (entry.is_regular_file() && entry.path().filename() != "lock")
                found.push_back(entry.path());
        return found;
    }

    KeyStore open_unlocked() const
    {
        KeyStore store = KeyStore::open(home).value();
        EXPECT_TRUE(store.unlock(passphrase));
        return store;
    }

    Folder folder;
    fs::path home = folder.path() / "home";
    KeyStore unlocked;
};

TEST_F(KeyStoreTest, OpensTheKitWithoutAPassphraseAndTheVaultWithIt)
{
    KeyStore store = KeyStore::open(home).value();
    EXPECT_EQ(store.read(Compartment::kit, "note").value(), words("for a panic"));
    EXPECT_EQ(store.read(Compartment::vault, "secret").error(), Errc::locked);
    EXPECT_EQ(store.unlock("seven herons over Tanganyika").error(), Errc::wrong_passphrase);
    EXPECT_FALSE(store.unlocked());
    EXPECT_TRUE(store.unlock(passphrase));
    EXPECT_EQ(store.read(Compartment::vault, "secret").value(), words("from the kit"));
}

TEST_F(KeyStoreTest, IsNotMadeTwiceNorOpenedWhereThereIsNone)
{
    EXPECT_EQ(Device::create(home, "another").error(), Errc::already_exists);
    EXPECT_EQ(Device::open(folder.path() / "nowhere").error(), Errc::not_joined);
    EXPECT_EQ(Device::create(folder.path() / "other", "").error(), Errc::invalid_argument);
}

TEST_F(KeyStoreTest, IsForItsOwnerAlone)
{
    const auto mode = [](const fs::path& path) {
        struct stat info {};
        EXPECT_EQ(::stat(path.c_str(), &info), 0);
        return info.st_mode & 07777;
    };
    EXPECT_EQ(mode(home), 0700u);
    for (const auto& entry : fs::recursive_directory_iterator(home))
        EXPECT_EQ(mode(entry.path()), entry.is_directory() ? 0700u : 0600u) << entry.path();
}

TEST_F(KeyStoreTest, AFileCutShortAnywhereIsDamaged)
{
    for (const fs::path& path : files()) {
        const Bytes whole = slurp(path);
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
            spill(path, ByteView(whole).first(size));
            EXPECT_EQ(read_all(), Errc::damaged) << path << " at " << size;
        }
        spill(path, whole);
    }
    EXPECT_EQ(read_all(), boost::system::error_code{});
}

TEST_F(KeyStoreTest, AFlippedBitAnywhereIsDamaged)
{
    for (const fs::path& path : files()) {
        const Bytes whole = slurp(path);
        const std::size_t stride = std::max<std::size_t>(1, whole.size() / 24);
        for (std::size_t at = 0; at < whole.size(); at += stride) {
            Bytes altered = whole;
            altered[at] ^= 0x10;
            spill(path, altered);
            EXPECT_EQ(read_all(), Errc::damaged) << path << " at " << at;
        }
        spill(path, whole);
    }
}

TEST_F(KeyStoreTest, AFileCannotStandInForAnother)
{
    {
        KeyStore store = KeyStore::open(home).value();
        const auto changing = store.change().value();
        EXPECT_TRUE(store.write(Compartment::kit, "other", words("something else")));
    }
    spill(home / "kit" / "note", slurp(home / "kit" / "other"));
    EXPECT_EQ(KeyStore::open(home)->read(Compartment::kit, "note").error(), Errc::damaged);
}

TEST_F(KeyStoreTest, WithoutItsThirtyTwoBytesTheKitIsGone)
{
    spill(home / "kit.key", Bytes(32, 0));
    EXPECT_EQ(Device::open(home).error(), Errc::damaged);
    fs::remove(home / "kit.key");
    EXPECT_EQ(Device::open(home).error(), Errc::damaged);
}

TEST_F(KeyStoreTest, WhatACrashLeftHalfWrittenIsSweptAndTheOldFileStands)
{
    spill(home / "kit" / ".tmp-0011223344556677", words("half"));
    KeyStore store = KeyStore::open(home).value();
    EXPECT_FALSE(fs::exists(home / "kit" / ".tmp-0011223344556677"));
    EXPECT_EQ(store.read(Compartment::kit, "note").value(), words("for a panic"));
}

TEST_F(KeyStoreTest, ACreationThatWasCutShortCanBeBegunAgain)
{
    fs::remove(home / "vault"); // written last
    EXPECT_EQ(Device::open(home).error(), Errc::not_joined);
    EXPECT_TRUE(Device::create(home, passphrase));
    EXPECT_TRUE(Device::open(home));
}

TEST_F(KeyStoreTest, ProcessesThatChangeOneFileLoseNothing)
{
    const auto count_to = [this](int times) {
        KeyStore store = KeyStore::open(home).value();
        for (int i = 0; i < times; ++i) {
            const auto changing = store.change().value();
            Bytes bytes = store.read(Compartment::kit, "note").value();
            bytes.push_back('+');
            EXPECT_TRUE(store.write(Compartment::kit, "note", bytes));
        }
    };
    std::thread one(count_to, 20);
    std::thread two(count_to, 20);
    one.join();
    two.join();
    EXPECT_EQ(KeyStore::open(home)->read(Compartment::kit, "note")->size(),
              words("for a panic").size() + 40);
}

TEST_F(KeyStoreTest, WhatIsKeptIsReadBackAndItsNameIsNotTold)
{
    Device device = Device::open(home).value();
    EXPECT_EQ(device.kept("books").error(), Errc::locked);
    EXPECT_EQ(device.keep("books", {}).error(), Errc::locked);
    EXPECT_TRUE(device.unlock(passphrase));
    EXPECT_EQ(device.kept("books").value(), words("the admin's books"));
    EXPECT_EQ(device.kept("other").error(), Errc::not_found);
    for (const fs::path& path : files())
        EXPECT_EQ(path.string().find("books"), std::string::npos);
}

TEST(Codec, ARecordOfAnotherShapeIsDamaged)
{
    AlertRecord record;
    record.content.text = "words";
    record.rows.push_back({Bytes(10, 1), Bytes(20, 2)});
    Writer writer;
    pack(writer, record);
    EXPECT_EQ(unpack<AlertRecord>(writer.view())->content.text, "words");
    for (std::size_t size = 0; size < writer.view().size(); ++size)
        EXPECT_EQ(unpack<AlertRecord>(writer.view().first(size)).error(), Errc::damaged);
    Bytes longer(writer.view().begin(), writer.view().end());
    longer.push_back(0);
    EXPECT_EQ(unpack<AlertRecord>(longer).error(), Errc::damaged);
}

TEST(Codec, AnyBytesAreARecordOrDamaged)
{
    AlertRecord record;
    record.rows.push_back({Bytes(10, 1), Bytes(20, 2)});
    Writer writer;
    pack(writer, record);
    for (std::size_t at = 0; at < writer.view().size(); ++at) {
        Bytes altered(writer.view().begin(), writer.view().end());
        altered[at] = 0xFF;
        (void)unpack<AlertRecord>(altered);
    }
}

} // namespace
} // namespace tocsin::client
