// docs/protocol.md is the contract: what it states is compared with the code, and its worked
// example is computed anew.
#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/frame.hpp"
#include "tests/unit/protocol/example.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace tocsin::protocol {
namespace {

using example::id_of;
using example::now;
using example::Seed;
using example::sign_key;
using example::World;

std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const std::filesystem::path source = TOCSIN_SOURCE_DIR;

const std::string& document()
{
    static const std::string text = text_of(source / "docs/protocol.md");
    return text;
}

// From the heading to the next of its level or above.
std::string section(const std::string& heading)
{
    const std::size_t begin = document().find("\n## " + heading + "\n");
    EXPECT_NE(begin, std::string::npos) << heading;
    if (begin == std::string::npos) return {};
    const std::size_t end = document().find("\n## ", begin + 1);
    return document().substr(begin, end - begin);
}

// The rows `| first | second | ...` of a section's tables.
std::map<std::string, std::string> rows(const std::string& heading, const std::string& first)
{
    std::map<std::string, std::string> found;
    const std::string text = section(heading);
    const std::regex row("\\| `?(" + first + ")`? \\| `?([^|]*?)`? \\|");
    for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it)
        EXPECT_TRUE(found.emplace((*it)[1], (*it)[2]).second) << (*it)[1];
    return found;
}

// Two maps as text, so that a difference can be read, and copied into the document.
std::string lines(const std::map<std::string, std::string>& values)
{
    std::ostringstream text;
    for (const auto& [name, value] : values)
        text << "| `" << name << "` | " << value << " |\n";
    return text.str();
}

TEST(ProtocolDocument, StatesTheVersionOfTheCode)
{
    const std::string version = std::to_string(limits::protocol_version);
    EXPECT_NE(document().find("This page describes version " + version + "."), std::string::npos);
}

TEST(ProtocolDocument, ListsEveryLimit)
{
    namespace l = limits;
    const auto list = [](const auto& sizes) {
        std::string text;
        for (const std::size_t size : sizes)
            text += (text.empty() ? "" : " ") + std::to_string(size);
        return text;
    };
    const auto s = [](std::chrono::seconds value) { return std::to_string(value.count()) + " s"; };
    const std::map<std::string, std::string> in_code{
        {"protocol_version", std::to_string(l::protocol_version)},
        {"frame_sizes", list(l::frame_sizes)},
        {"frame_bytes_max", std::to_string(l::frame_bytes_max)},
        {"content_sizes", list(l::content_sizes)},
        {"content_bytes_max", std::to_string(l::content_bytes_max)},
        {"note_sizes", list(l::note_sizes)},
        {"plan_slots_max", std::to_string(l::plan_slots_max)},
        {"plan_contacts_max", std::to_string(l::plan_contacts_max)},
        {"plan_steps_max", std::to_string(l::plan_steps_max)},
        {"plan_quorum_max", std::to_string(l::plan_quorum_max)},
        {"step_delay_min", s(l::step_delay_min)},
        {"step_delay_max", s(l::step_delay_max)},
        {"term_min", s(l::term_min)},
        {"term_max", s(l::term_max)},
        {"repage_min", s(l::repage_min)},
        {"repeat_rounds_max", std::to_string(l::repeat_rounds_max)},
        {"alert_life_max", s(l::alert_life_max)},
        {"schedule_rotations_max", std::to_string(l::schedule_rotations_max)},
        {"schedule_overrides_max", std::to_string(l::schedule_overrides_max)},
        {"rotation_people_max", std::to_string(l::rotation_people_max)},
        {"rotation_hours_max", std::to_string(l::rotation_hours_max)},
        {"rotation_turn_min", s(l::rotation_turn_min)},
        {"rotation_turn_max", s(l::rotation_turn_max)},
        {"zone_name_bytes_max", std::to_string(l::zone_name_bytes_max)},
        {"contact_people_max", std::to_string(l::contact_people_max)},
        {"http_header_bytes_max", std::to_string(l::http_header_bytes_max)},
        {"handshake_deadline", s(l::handshake_deadline)},
        {"heartbeat_interval", s(l::heartbeat_interval)},
        {"idle_deadline", s(l::idle_deadline)},
        {"write_deadline", s(l::write_deadline)},
        {"requests_in_flight_max", std::to_string(l::requests_in_flight_max)},
        {"outgoing_frames_max", std::to_string(l::outgoing_frames_max)},
        {"request_deadline", s(l::request_deadline)},
        {"unreached_after", s(l::unreached_after)},
        {"cancel_hold", s(l::cancel_hold)},
        {"journal_entries_per_frame_max", std::to_string(l::journal_entries_per_frame_max)},
        {"follow_ups_per_alert_max", std::to_string(l::follow_ups_per_alert_max)},
    };
    EXPECT_EQ(lines(rows("Limits", "[a-z_]+")), lines(in_code));

    // Every constant of the header is in the list above.
    const std::string header = text_of(source / "client-lib/include/tocsin/limits.hpp");
    const std::regex constant("inline constexpr [^=;{]*?([a-z_]+)( =|\\{)");
    for (std::sregex_iterator it(header.begin(), header.end(), constant), end; it != end; ++it)
        EXPECT_TRUE(in_code.contains((*it)[1])) << (*it)[1];
}

TEST(ProtocolDocument, ListsEveryErrorCode)
{
    const std::string header = text_of(source / "client-lib/include/tocsin/errc.hpp");
    std::map<std::string, std::string> in_code;
    const std::regex code("\n    ([a-z_]+) = (\\d+),");
    for (std::sregex_iterator it(header.begin(), header.end(), code), end; it != end; ++it)
        in_code.emplace((*it)[2], (*it)[1]);
    ASSERT_GT(in_code.size(), 20u);
    EXPECT_EQ(lines(rows("Error codes", "\\d+")), lines(in_code));
}

TEST(ProtocolDocument, ListsEveryLabel)
{
    std::set<std::string> in_code;
    // Labels have a slash; those of words.cpp alone may be one word.
    const std::regex slashed("\"([a-z]+(?:-[a-z]+)*/[a-z]+(?:-[a-z]+)*)\"");
    const std::regex one_word("(?:use|sign|verify)\\((?:[a-z_]+,\\s*)?\"([a-z-]+)\"");
    for (const char* folder : {"client-lib/crypto", "client-lib/protocol"}) {
        for (const auto& file : std::filesystem::directory_iterator(source / folder)) {
            const std::string name = file.path().extension().string();
            if (name != ".cpp" && name != ".hpp") continue;
            // Without comments and includes.
            const std::string text =
                std::regex_replace(text_of(file.path()), std::regex("//[^\n]*|#include[^\n]*"), "");
            for (const std::regex& label : {slashed, one_word})
                for (std::sregex_iterator it(text.begin(), text.end(), label), end; it != end; ++it)
                    in_code.insert((*it)[1]);
        }
    }
    std::set<std::string> stated;
    for (const auto& [label, use] : rows("Labels", "[a-z/-]+"))
        stated.insert(label);
    EXPECT_EQ(stated, in_code);
}

// ---- the worked example ----

class Block {
public:
    void add(std::string_view name, ByteView bytes)
    {
        text_ << name << " =\n";
        const std::string hex = to_hex(bytes);
        for (std::size_t i = 0; i < hex.size(); i += 96)
            text_ << "    " << hex.substr(i, 96) << "\n";
    }
    [[nodiscard]] std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
};

void add_envelope(Block& block, const World& world, const Envelope& envelope)
{
    block.add("plan", envelope.plan_bytes);
    block.add("plan_hash", plan_hash(envelope.plan_bytes).view());
    const crypto::Secret<32> payload_key =
        derive_payload_key(example::seed(Seed::alert_key), envelope.header.alert);
    block.add("payload_key", payload_key.view());
    const Bytes padded =
        crypto::open(payload_key.view(), envelope.payload, envelope.header_hash.view()).value();
    const Padded plain = unpad(padded, Signature::bytes, limits::content_sizes).value();
    block.add("content", plain.body);
    block.add("commitment", envelope.header.commitment.view());
    block.add("header", envelope.header_bytes);
    block.add("header_hash", envelope.header_hash.view());
    block.add("content_signature", plain.trailer);
    block.add("payload", envelope.payload);
    for (std::size_t i = 0; i < envelope.slots.size(); ++i) {
        const BoxPublicKey key = example::box_key(Seed::desk_prekey, i).public_key();
        const std::string slot = "slot_" + std::to_string(i);
        block.add(slot + "_prekey", key.view());
        block.add(slot + "_key_hint", envelope.slots[i].key_hint);
        block.add(slot + "_info", slot_info(envelope.header_hash, world.desk(i), key));
        block.add(slot + "_sealed", envelope.slots[i].sealed);
    }
    block.add("envelope_digest", envelope.digest.view());
}

void add_words(Block& block, const Envelope& envelope)
{
    using crypto::be32;
    Answered answer{0, Verb::accept, 1, std::chrono::seconds(1800), 0, id_of<Digest>(0xC2), {}};
    sign_answer(answer, sign_key(Seed::answer_key, 0), envelope.header_hash);
    block.add("answer_statement",
              crypto::labelled("answer", {envelope.header_hash.view(), be32(0), be32(1), be32(1),
                                          be32(1800), be32(0), answer.note_hash.view()}));
    block.add("answer_signature", answer.signature.view());

    const Bytes entry = encode(
        JournalEntry{0, now, {AlertStored{envelope.digest}, StepOpened{0, 0, StepCause::start}}});
    const Digest head = next_head(envelope.header_hash, entry);
    block.add("journal_entry", entry);
    block.add("journal_head", head.view());

    const ReceiptFacts facts{envelope.header.alert, envelope.digest, now,
                             id_of<MailboxId>(example::epoch_byte).value, head};
    const Receipt receipt = sign_receipts({facts}, sign_key(Seed::relay)).front();
    block.add("receipt_facts", receipt_leaf(facts).view());
    block.add("receipt_root", crypto::hash("receipt/leaf", {receipt_leaf(facts).view()}).view());
    block.add("receipt_signature", receipt.signature.view());
}

void add_link(Block& block)
{
    block.add("frame", frame(encode(DeviceFrame{1, Heartbeat{}})).value());
    const crypto::BoxKey device = example::box_key(Seed::session_device);
    const crypto::BoxKey relay = example::box_key(Seed::session_relay);
    const Bytes binding(32, example::binding_byte);
    const auto proofs =
        crypto::session_proofs(device, relay.public_key(), device.public_key(), relay.public_key(),
                               crypto::Binding::tls_exporter, binding)
            .value();
    block.add("device_proof", proofs.device);
    block.add("relay_proof", proofs.relay);
}

TEST(ProtocolDocument, TheWorkedExampleIsWhatTheCodeComputes)
{
    const World world;
    const SealedAlert sealed = world.sealed();
    const Envelope envelope = parse_envelope(sealed.envelope, now).value();
    Block block;
    add_envelope(block, world, envelope);
    add_words(block, envelope);
    add_link(block);

    const std::string text = section("Worked example");
    const std::size_t begin = text.find("```text\n");
    ASSERT_NE(begin, std::string::npos);
    const std::size_t end = text.find("```", begin + 8);
    EXPECT_EQ(text.substr(begin + 8, end - begin - 8), block.text());
}

// The other way round: from the document's own bytes and the private key it names.
TEST(ProtocolDocument, TheWorkedExampleOpensFromItsHex)
{
    const std::string text = section("Worked example");
    const auto bytes_of = [&](const std::string& name) {
        const std::size_t at = text.find("\n" + name + " =\n");
        EXPECT_NE(at, std::string::npos) << name;
        std::string hex;
        std::istringstream in(text.substr(at + name.size() + 4));
        for (std::string line; std::getline(in, line) && line.starts_with("    ");)
            hex += line.substr(4);
        return from_hex(hex).value();
    };
    const World world;
    Deliver delivery;
    delivery.header = bytes_of("header");
    delivery.plan = bytes_of("plan");
    delivery.slot_number = 1;
    const Bytes hint = bytes_of("slot_1_key_hint");
    ASSERT_EQ(hint.size(), 4u);
    std::ranges::copy(hint, delivery.slot.key_hint.begin());
    delivery.slot.sealed = bytes_of("slot_1_sealed");
    delivery.payload = bytes_of("payload");
    const OpenedAlert opened = example::open_as(world, delivery, 1).value();
    EXPECT_EQ(opened.content, world.content());
    EXPECT_TRUE(crypto::same(opened.payload_key.view(), bytes_of("payload_key")));
}

} // namespace
} // namespace tocsin::protocol
