#include "client-lib/protocol/seal.hpp"

#include "client-lib/crypto/aead.hpp"
#include "tests/unit/protocol/example.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::protocol {
namespace {

using example::now;
using example::Seed;

class NotesTest : public testing::Test {
protected:
    crypto::SignKey device = example::sign_key(Seed::desk_device, 1);
    Bytes payload_key = Bytes(32, 0x33);
    Digest header = example::id_of<Digest>(0x44);
    NoteContext context{header, 1, Verb::accept, 3, 0};
    FollowUpContext follow_up_context{header, author_owner, 2, example::id_of<Digest>(0x55)};
    AnswerNote note{"Amina",
                    "On our way.",
                    {Commitment::visit, Commitment::lawyer},
                    std::chrono::minutes(40),
                    Duress::none};

    std::optional<SignPublicKey> key_for(const DeviceId& id) const
    {
        if (id == device_id(device.public_key())) return device.public_key();
        return std::nullopt;
    }
    Result<OpenedNote> open(ByteView sealed, const NoteContext& as) const
    {
        return open_note(sealed, as, payload_key,
                         [this](const DeviceId& id) { return key_for(id); });
    }
    Result<OpenedFollowUp> open(ByteView sealed, const FollowUpContext& as) const
    {
        return open_follow_up(sealed, as, payload_key,
                              [this](const DeviceId& id) { return key_for(id); });
    }
};

TEST_F(NotesTest, ANoteComesBackWithTheDeviceThatSignedIt)
{
    const Bytes sealed = seal_note(note, context, payload_key, device).value();
    const OpenedNote opened = open(sealed, context).value();
    EXPECT_EQ(opened.note, note);
    EXPECT_EQ(opened.device, device_id(device.public_key()));
}

TEST_F(NotesTest, ANoteOfAnotherAnswerDoesNotOpen)
{
    const Bytes sealed = seal_note(note, context, payload_key, device).value();
    for (int which = 0; which < 5; ++which) {
        NoteContext other = context;
        if (which == 0) other.header_hash = example::id_of<Digest>(0x45);
        if (which == 1) other.author = 2;
        if (which == 2) other.verb = Verb::decline;
        if (which == 3) other.number = 4;
        if (which == 4) other.target = 1;
        EXPECT_EQ(open(sealed, other).error(), Errc::cannot_open) << which;
    }
}

TEST_F(NotesTest, EveryFlippedBitOfANoteIsRefused)
{
    const Bytes sealed = seal_note(note, context, payload_key, device).value();
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes bad = sealed;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_EQ(open(bad, context).error(), Errc::cannot_open) << bit;
    }
}

TEST_F(NotesTest, ANoteSignedByADeviceThatMayNotSpeakIsRefused)
{
    // Whoever has the payload key can seal; only the device can sign.
    const Bytes forged = seal_note(note, context, payload_key, crypto::SignKey::generate()).value();
    EXPECT_EQ(open(forged, context).error(), Errc::invalid_signature);
}

TEST_F(NotesTest, ACancelAndADuressLookAlike)
{
    const NoteContext cancel{header, author_owner, Verb::cancel, 1, 0};
    AnswerNote ok;
    ok.duress = Duress::ok;
    AnswerNote duress;
    duress.duress = Duress::duress;
    duress.text = std::string(200, 'h');
    const Bytes a = seal_note(ok, cancel, payload_key, device).value();
    const Bytes b = seal_note(duress, cancel, payload_key, device).value();
    EXPECT_EQ(a.size(), limits::note_sizes[0] + crypto::aead_overhead_bytes);
    EXPECT_EQ(a.size(), b.size());
    EXPECT_EQ(open(b, cancel)->note.duress, Duress::duress);
}

TEST_F(NotesTest, ANoteBeyondTheLargestSizeIsTooLarge)
{
    note.text.assign(limits::note_sizes[1], 'x');
    EXPECT_EQ(seal_note(note, context, payload_key, device).error(), Errc::too_large);
    note.text = "\xc3\x28";
    EXPECT_EQ(seal_note(note, context, payload_key, device).error(), Errc::invalid_argument);
}

TEST_F(NotesTest, AFollowUpComesBackAndOnlyInItsPlace)
{
    FollowUpNote said;
    said.text = "Moved to the central station.";
    said.where.point = Point{-1.67, 29.23, 0};
    said.where.at = std::chrono::floor<std::chrono::seconds>(now);
    said.at = now;
    const Bytes sealed = seal_follow_up(said, follow_up_context, payload_key, device).value();
    EXPECT_EQ(open(sealed, follow_up_context)->note, said);
    for (int which = 0; which < 4; ++which) {
        FollowUpContext other = follow_up_context;
        if (which == 0) other.header_hash = example::id_of<Digest>(0x45);
        if (which == 1) other.author = 0;
        if (which == 2) other.number = 3;
        if (which == 3) other.previous = Digest{};
        EXPECT_EQ(open(sealed, other).error(), Errc::cannot_open) << which;
    }
    said.where.point->longitude = 181;
    EXPECT_EQ(seal_follow_up(said, follow_up_context, payload_key, device).error(),
              Errc::invalid_argument);
}

} // namespace
} // namespace tocsin::protocol
