#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/label.hpp"
#include "tests/unit/crypto/vectors.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {
namespace {

const ByteView no_bytes;

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

boost::json::object published()
{
    return read_vectors("hpke_rfc9180_base_x25519_chacha20poly1305.json").at(0).as_object();
}

} // namespace

TEST(Hpke, PublishedKeyPairsAreDerivedFromTheirInput)
{
    const boost::json::object vector = published();

    const BoxKey ephemeral = hpke::derive_key_pair(hex(vector, "ikmE"));
    const BoxKey recipient = hpke::derive_key_pair(hex(vector, "ikmR"));

    EXPECT_TRUE(same(ephemeral.secret_view(), hex(vector, "skEm")));
    EXPECT_TRUE(same(ephemeral.public_key().view(), hex(vector, "pkEm")));
    EXPECT_TRUE(same(recipient.secret_view(), hex(vector, "skRm")));
    EXPECT_TRUE(same(recipient.public_key().view(), hex(vector, "pkRm")));
}

TEST(Hpke, EveryPublishedMessageSealsAndOpensInItsTurn)
{
    const boost::json::object vector = published();
    const BoxKey ephemeral = BoxKey::from_secret(hex(vector, "skEm"));
    const BoxKey recipient = BoxKey::from_secret(hex(vector, "skRm"));
    auto sender =
        hpke::setup_base_s_with_ephemeral(ephemeral, recipient.public_key(), hex(vector, "info"));
    ASSERT_TRUE(sender);
    EXPECT_TRUE(same(sender->enc().view(), hex(vector, "enc")));
    auto receiver = hpke::setup_base_r(sender->enc(), recipient, hex(vector, "info"));
    ASSERT_TRUE(receiver);

    int count = 0;
    for (const boost::json::value& value : vector.at("encryptions").as_array()) {
        const boost::json::object& message = value.as_object();
        EXPECT_EQ(sender->seal(hex(message, "aad"), hex(message, "pt")), hex(message, "ct"));
        const Result<Bytes> opened = receiver->open(hex(message, "aad"), hex(message, "ct"));
        ASSERT_TRUE(opened) << count;
        EXPECT_EQ(*opened, hex(message, "pt"));
        ++count;
    }
    EXPECT_EQ(count, 257);
    EXPECT_EQ(sender->sequence(), 257u);
}

TEST(Hpke, EveryPublishedSecretIsExportedByBothEnds)
{
    const boost::json::object vector = published();
    const BoxKey recipient = BoxKey::from_secret(hex(vector, "skRm"));
    const auto sender = hpke::setup_base_s_with_ephemeral(
        BoxKey::from_secret(hex(vector, "skEm")), recipient.public_key(), hex(vector, "info"));
    ASSERT_TRUE(sender);
    const auto receiver = hpke::setup_base_r(sender->enc(), recipient, hex(vector, "info"));
    ASSERT_TRUE(receiver);

    int count = 0;
    for (const boost::json::value& value : vector.at("exports").as_array()) {
        const boost::json::object& exported = value.as_object();
        Bytes output(static_cast<std::size_t>(exported.at("L").as_int64()));
        ASSERT_TRUE(sender->export_secret(hex(exported, "exporter_context"), output));
        EXPECT_EQ(output, hex(exported, "exported_value"));
        wipe(std::span<std::uint8_t>(output));
        ASSERT_TRUE(receiver->export_secret(hex(exported, "exporter_context"), output));
        EXPECT_EQ(output, hex(exported, "exported_value"));
        ++count;
    }
    EXPECT_EQ(count, 3);

    Bytes too_long(255 * 32 + 1);
    EXPECT_EQ(sender->export_secret(no_bytes, too_long).error(), Errc::invalid_argument);
}

TEST(Hpke, SingleShotIsThePublishedFirstMessageBehindItsKey)
{
    const boost::json::object vector = published();
    const boost::json::object& first = vector.at("encryptions").at(0).as_object();
    Bytes expected = hex(vector, "enc");
    const Bytes ct = hex(first, "ct");
    expected.insert(expected.end(), ct.begin(), ct.end());

    const Result<Bytes> sealed = hpke::seal_with_ephemeral(
        BoxKey::from_secret(hex(vector, "skEm")), BoxPublicKey::from(hex(vector, "pkRm")).value(),
        hex(vector, "info"), hex(first, "aad"), hex(first, "pt"));

    ASSERT_TRUE(sealed);
    EXPECT_EQ(*sealed, expected);
    EXPECT_EQ(sealed->size(), hex(first, "pt").size() + hpke::overhead_bytes);
}

TEST(Hpke, OpensOnlyForTheKeyInfoAndAadItWasSealedFor)
{
    const BoxKey desk = BoxKey::generate();
    const Bytes sealed =
        hpke::seal(desk.public_key(), bytes("info"), bytes("aad"), bytes("help")).value();

    EXPECT_EQ(hpke::open(desk, bytes("info"), bytes("aad"), sealed).value(), bytes("help"));
    const auto refused = [&](const BoxKey& key, std::string_view info, std::string_view aad) {
        const Result<Bytes> opened = hpke::open(key, bytes(info), bytes(aad), sealed);
        return !opened && opened.error() == Errc::cannot_open;
    };
    EXPECT_TRUE(refused(BoxKey::generate(), "info", "aad"));
    EXPECT_TRUE(refused(desk, "inf0", "aad"));
    EXPECT_TRUE(refused(desk, "info", "aae"));
}

TEST(Hpke, NoBitOfASealedMessageCanBeChanged)
{
    const BoxKey desk = BoxKey::generate();
    const Bytes sealed = hpke::seal(desk.public_key(), no_bytes, no_bytes, bytes("help")).value();

    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes altered = sealed;
        altered[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(hpke::open(desk, no_bytes, no_bytes, altered)) << bit;
    }
}

TEST(Hpke, CutMessagesOfEveryLengthAreRefused)
{
    const BoxKey desk = BoxKey::generate();
    const Bytes sealed = hpke::seal(desk.public_key(), no_bytes, no_bytes, bytes("help")).value();

    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_FALSE(hpke::open(desk, no_bytes, no_bytes, ByteView(sealed).first(size))) << size;
}

TEST(Hpke, KeysThatAdmitNoSecretAreRefusedAtBothEnds)
{
    const BoxPublicKey zero;
    Bytes box(64);

    EXPECT_EQ(hpke::seal(zero, no_bytes, no_bytes, bytes("help")).error(), Errc::cannot_open);
    EXPECT_EQ(hpke::open(BoxKey::generate(), no_bytes, no_bytes, box).error(), Errc::cannot_open);
}

TEST(Hpke, TheSameMessageSealedTwiceLooksDifferent)
{
    const BoxKey desk = BoxKey::generate();

    EXPECT_NE(hpke::seal(desk.public_key(), no_bytes, no_bytes, bytes("help")).value(),
              hpke::seal(desk.public_key(), no_bytes, no_bytes, bytes("help")).value());
}

TEST(Hpke, AMessageThatDoesNotOpenDoesNotMoveTheReceiverOn)
{
    const BoxKey desk = BoxKey::generate();
    auto sender = hpke::setup_base_s(desk.public_key(), no_bytes);
    auto receiver = hpke::setup_base_r(sender->enc(), desk, no_bytes);
    const Bytes first = sender->seal(no_bytes, bytes("one"));
    const Bytes second = sender->seal(no_bytes, bytes("two"));

    EXPECT_FALSE(receiver->open(no_bytes, second)) << "out of turn";
    EXPECT_TRUE(receiver->open(no_bytes, first));
    EXPECT_FALSE(receiver->open(no_bytes, first)) << "a replay";
    EXPECT_TRUE(receiver->open(no_bytes, second));
}

} // namespace tocsin::crypto
