#include "client-lib/client/outbox.hpp"

#include "tests/unit/client/world.hpp"

#include "client-lib/client/device_impl.hpp"

#include <algorithm>
#include <fstream>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tocsin::test {
namespace {

namespace fs = std::filesystem;

class OutboxTest : public World {};

TEST_F(OutboxTest, AnAlertIsSavedWithoutAPassphraseOrANetwork)
{
    Device locked = Device::open(folder.path() / "defender").value();
    const AlertId id = locked.save(an_arrest()).value();
    Device later = Device::open(folder.path() / "defender").value();
    EXPECT_EQ(later.find("").value(), id);
    EXPECT_EQ(later.status(id)->progress, Progress::saved);
    EXPECT_EQ(later.status(id)->contacts.at(0).name, "");
    EXPECT_EQ(later.alerts()->size(), 1u);
}

TEST_F(OutboxTest, OnlyADefenderRaises)
{
    EXPECT_EQ(circle().device.save(an_arrest()).error(), Errc::not_authorised);
    Device nobody = Device::create(folder.path() / "nobody", passphrase).value();
    EXPECT_EQ(nobody.save(an_arrest()).error(), Errc::not_joined);
}

TEST_F(OutboxTest, AnAlertThatNobodyMayReceiveIsRefused)
{
    AlertContent content = an_arrest();
    content.consent_kinds = {Kind::embassy};
    EXPECT_EQ(defender().device.save(content).error(), Errc::invalid_plan);
    content = an_arrest();
    content.text.assign(70'000, 'x');
    EXPECT_EQ(defender().device.save(content).error(), Errc::too_large);
}

TEST_F(OutboxTest, WhatWasNeverSentCanBeDiscardedAndWhatWasCannot)
{
    const AlertId unsent = defender().device.save(an_arrest()).value();
    EXPECT_TRUE(defender().device.discard(unsent));
    EXPECT_EQ(defender().device.status(unsent).error(), Errc::not_found);
    const AlertId sent = defender().device.save(an_arrest()).value();
    EXPECT_TRUE(client::begin_sending(defender().device.impl().store, sent));
    EXPECT_EQ(defender().device.discard(sent).error(), Errc::stale);
}

TEST_F(OutboxTest, APrefixFindsOneAlert)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    const std::string hex = to_hex(id.view());
    EXPECT_EQ(defender().device.find(hex.substr(0, 12)).value(), id);
    EXPECT_EQ(defender().device.find("zz").error(), Errc::not_found);
    while (defender().device.find(hex.substr(0, 1)))
        ASSERT_TRUE(defender().device.save(an_arrest()));
    EXPECT_EQ(defender().device.find(hex.substr(0, 1)).error(), Errc::invalid_argument);
}

TEST_F(OutboxTest, ADamagedAlertIsShownAsSuchAndDoesNotHideTheOthers)
{
    const AlertId torn = defender().device.save(an_arrest()).value();
    const AlertId whole = defender().device.save(an_arrest()).value();
    fs::resize_file(folder.path() / "defender" / "kit" / ("alert-" + to_hex(torn.view())), 100);
    EXPECT_EQ(defender().device.status(torn).error(), Errc::damaged);
    const auto alerts = defender().device.alerts().value();
    ASSERT_EQ(alerts.size(), 2u);
    EXPECT_EQ(alerts[0].id, whole);
    EXPECT_TRUE(alerts[1].damaged);
    EXPECT_EQ(alerts[1].id, torn);
    EXPECT_TRUE(run(defender().client->submit(whole)));
}

// Whatever moment a process is killed at, each alert it told of is whole, and nothing is half
// there.
TEST_F(OutboxTest, F01_KilledWhileSavingLosesNothingThatWasTold)
{
    const fs::path home = folder.path() / "defender";
    std::vector<AlertId> told;
    for (int round = 0; round < 12; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipe[0]);
            Result<Device> device = Device::open(home);
            while (device) {
                const Result<AlertId> id = device->save(an_arrest());
                if (!id || ::write(pipe[1], id->value.data(), AlertId::bytes) < 0) break;
            }
            ::_exit(1);
        }
        ::close(pipe[1]);
        // After a number of alerts told, in the middle of whatever comes next.
        AlertId id;
        for (int i = 0; i <= round % 3; ++i) {
            ASSERT_EQ(::read(pipe[0], id.value.data(), AlertId::bytes),
                      static_cast<ssize_t>(AlertId::bytes));
            told.push_back(id);
        }
        ::usleep(static_cast<useconds_t>(round * 137));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(pipe[0], id.value.data(), AlertId::bytes) ==
               static_cast<ssize_t>(AlertId::bytes))
            told.push_back(id);
        ::close(pipe[0]);
    }
    Device device = Device::open(home).value();
    const auto alerts = device.alerts().value();
    EXPECT_GE(alerts.size(), told.size());
    for (const AlertSummary& alert : alerts)
        EXPECT_FALSE(alert.damaged);
    for (const AlertId& id : told)
        EXPECT_EQ(device.status(id)->content->text, an_arrest().text);
}

TEST_F(OutboxTest, AnAnswerKeptBeforeACrashKeepsItsNumberAndItsBytes)
{
    const AlertId id = received();
    const auto number = client::add_answer(circle().device.impl().store, id, {.verb = Verb::accept},
                                           circle().device.impl().now());
    ASSERT_TRUE(number);
    Device later = Device::open(circle().home).value();
    EXPECT_TRUE(later.unlock(passphrase));
    const auto record = client::load_alert(later.impl().store, id).value();
    const client::WordRecord word = client::first_word(record).value();
    EXPECT_EQ(word.answered.number, *number);
    EXPECT_EQ(word.answered.author, 0);
    EXPECT_EQ(word.answered.note_hash, protocol::note_hash(word.body));
    const auto header = protocol::decode_header(record.header).value();
    const auto plan = protocol::decode_plan(record.plan).value();
    EXPECT_TRUE(protocol::verify_answer(word.answered, *protocol::key_of(0, header, plan),
                                        protocol::header_hash(record.header)));
}

TEST_F(OutboxTest, ACancelLeavesNoKeysOfTheAlertInTheKit)
{
    const AlertId id = raised();
    const auto before = client::load_alert(defender().device.impl().store, id).value();
    ASSERT_TRUE(client::add_cancel(defender().device.impl().store, id, Duress::duress,
                                   defender().device.impl().now()));
    Device locked = Device::open(defender().home).value();
    const auto kit = client::load_alert(locked.impl().store, id).value();
    EXPECT_TRUE(kit.stub);
    EXPECT_TRUE(kit.header.empty());
    EXPECT_TRUE(crypto::same(kit.payload_key.view(), Bytes(32, 0)));
    EXPECT_TRUE(crypto::same(kit.word_seed.view(), Bytes(32, 0)));
    EXPECT_EQ(kit.content, AlertContent{});
    ASSERT_EQ(kit.pending.size(), 1u);
    const auto vault = client::load_alert(defender().device.impl().store, id).value();
    EXPECT_TRUE(vault.payload_key.same_as(before.payload_key));
}

TEST_F(OutboxTest, F29_NoFileHoldsANameOrAWordInClear)
{
    AlertContent content = an_arrest();
    content.do_not = "canary-do-not-publish";
    const AlertId id = raised(content);
    EXPECT_TRUE(run(circle().client->connected(20s)));
    relay->deliver(id, 0);
    until([&] { return relay->count<protocol::Opened>() > 0; });
    const protocol::Answer answer = accepted(id);
    relay->append(id, {answer.answered, HoldBegan{}}, answer.note);
    until([&] { return status(defender(), id).progress == Progress::acknowledged; });
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(in)), {});
        for (const char* word : {"Neema", "canary", "Umoja", "Goma", "Kampala", "Great Lakes",
                                 "Amina", "station", "127.0.0.1", "seven herons"})
            EXPECT_EQ(bytes.find(word), std::string::npos) << word << " in " << entry.path();
    }
}

TEST_F(OutboxTest, TheKitKnowsNoNames)
{
    const auto panic =
        defender()
            .device.impl()
            .store.load<client::PanicRecord>(client::Compartment::kit, client::file::panic)
            .value();
    ASSERT_EQ(panic.roster.contacts.size(), 2u);
    EXPECT_EQ(panic.roster.name, "");
    for (const protocol::Contact& contact : panic.roster.contacts) {
        EXPECT_EQ(contact.name, "");
        EXPECT_EQ(contact.id, "");
        EXPECT_EQ(contact.country, "");
        EXPECT_EQ(contact.devices.size(), 1u);
    }
}

} // namespace
} // namespace tocsin::test
