#include "tests/unit/client/world.hpp"

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/papers.hpp"

#include <algorithm>

namespace tocsin::test {
namespace {

using protocol::DeviceMessage;
using protocol::RelayMessage;

class ClientTest : public World {
protected:
    bool saw(Party& party, ClientEvent::What what, boost::system::error_code error = {})
    {
        for (int i = 0; i < 50; ++i) {
            const Result<ClientEvent> event = run(party.client->next(20s));
            if (!event) return false;
            if (event->what == what && event->error == error) return true;
        }
        return false;
    }
};

// ---- joining ----

TEST_F(ClientTest, JoiningLeavesRolesNamesAndAPrekey)
{
    EXPECT_EQ(defender().device.role(), DeviceRole::defender);
    EXPECT_EQ(circle().device.role(), DeviceRole::contact);
    EXPECT_EQ(defender().device.organisation(), "Great Lakes Protection Network");
    EXPECT_EQ(defender().device.own_name(), "Umoja 7");
    EXPECT_EQ(circle().device.own_name(), "Goma solidarity circle");
    EXPECT_EQ(relay->state.prekeys.size(), 2u);
}

TEST_F(ClientTest, NamesAreUnknownWhileTheVaultIsLocked)
{
    Device locked = Device::open(defender().home).value();
    EXPECT_EQ(locked.organisation(), "");
    EXPECT_EQ(locked.own_name(), "");
    EXPECT_EQ(locked.role(), DeviceRole::defender);
}

TEST_F(ClientTest, JoiningIsTakenUpAgainByTheSameCode)
{
    Cast& cast = const_cast<Cast&>(Cast::get());
    const auto wall =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Invited invited =
        cast.organisation->invite(InviteAs::defender, "Pili 3", 1h, wall).value();
    const auto publish = [&] {
        const Bytes published = cast.organisation->publish(cast.file, wall).value();
        const auto parts = protocol::decode_published(published).value();
        relay->state.bundle = parts.bundle;
        relay->state.routing = protocol::decode_routing(parts.routing).value();
    };
    publish();
    ClientOptions options;
    options.addresses = {relay->address()};
    Device device = Device::create(folder.path() / "pili", passphrase).value();
    {
        Client client(io.get_executor(), device, options);
        EXPECT_EQ(run(client.join(invited.code, 700ms)).error(), Errc::timed_out);
    }
    EXPECT_EQ(device.role(), DeviceRole::none);
    const Bytes asked = relay->last<protocol::PutJoinRequest>()->box;
    relay->admit = [&](const Digest& invitation, const Bytes& box) {
        Bytes answer = cast.organisation->admit(invitation, box, wall).value();
        publish();
        return answer;
    };
    Client client(io.get_executor(), device, options);
    const Result<void> joined = run(client.join(invited.code, 20s));
    EXPECT_TRUE(joined) << joined.error().message();
    EXPECT_EQ(relay->last<protocol::PutJoinRequest>()->box, asked);
    EXPECT_EQ(device.role(), DeviceRole::defender);
    EXPECT_TRUE(run(client.join(invited.code, 1s))) << "the same code again";
}

TEST_F(ClientTest, AnInvitationThatSomebodyUsedIsSaidToBeUsed)
{
    Cast& cast = const_cast<Cast&>(Cast::get());
    const auto wall =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Invited invited =
        cast.organisation->invite(InviteAs::defender, "Late 1", 1h, wall).value();
    const Bytes published = cast.organisation->publish(cast.file, wall).value();
    const auto parts = protocol::decode_published(published).value();
    relay->state.routing = protocol::decode_routing(parts.routing).value();
    relay->twist = [](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (std::holds_alternative<protocol::PutJoinRequest>(message))
            return protocol::Error{Errc::invitation_used};
        return std::nullopt;
    };
    ClientOptions options;
    options.addresses = {relay->address()};
    Device device = Device::create(folder.path() / "late", passphrase).value();
    Client client(io.get_executor(), device, options);
    EXPECT_EQ(run(client.join(invited.code, 20s)).error(), Errc::invitation_used);
}

// ---- the relay ----

TEST_F(ClientTest, ARelayThatCannotProveItselfIsRefusedAndToldNothing)
{
    relay->prove_wrongly = true;
    const AlertId id = defender().device.save(an_arrest()).value();
    EXPECT_EQ(run(defender().client->connected(20s)).error(), Errc::relay_forged);
    EXPECT_EQ(run(defender().client->submit(id)).error(), Errc::relay_forged);
    EXPECT_TRUE(relay->heard.empty());
}

TEST_F(ClientTest, ADeviceTheRelayDoesNotKnowIsToldSo)
{
    relay->state.routing->devices.clear();
    EXPECT_EQ(run(defender().client->connected(20s)).error(), Errc::unauthenticated);
    EXPECT_TRUE(saw(defender(), ClientEvent::What::refused, Errc::unauthenticated));
}

TEST_F(ClientTest, ARelayThatIsNotThereIsUnreachable)
{
    const std::string gone = relay->address();
    Party& sender = defender();
    relay.reset();
    EXPECT_EQ(run(sender.client->connected(300ms)).error(), Errc::unreachable);
    relay = nullptr;
}

// ---- raising ----

TEST_F(ClientTest, NothingIsAskedForUntilTheReceiptIsHere)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    ASSERT_TRUE(run(defender().client->submit(id)));
    EXPECT_EQ(relay->heard.size(), 1u);
    EXPECT_EQ(relay->count<protocol::Submit>(), 1u);
    EXPECT_TRUE(until([&] { return relay->count<protocol::GetDirectory>() == 1; }));
}

TEST_F(ClientTest, SubmitIsTheFirstFrameAndTheReceiptIsVerified)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    EXPECT_EQ(status(defender(), id).progress, Progress::saved);
    const Result<ReceiptFacts> receipt = run(defender().client->submit(id));
    ASSERT_TRUE(receipt) << receipt.error().message();
    EXPECT_EQ(receipt->digest, relay->alerts.at(id).parsed.digest);
    EXPECT_TRUE(std::holds_alternative<protocol::Submit>(relay->first_heard.at(0)));
    EXPECT_EQ(status(defender(), id).progress, Progress::with_relay);
    EXPECT_EQ(run(defender().client->submit(id)).value(), *receipt);
    EXPECT_EQ(relay->submitted.size(), 1u);
}

TEST_F(ClientTest, TheFirstPanicAfterJoiningHasForwardSecrecy)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    EXPECT_FALSE(warned(status(defender(), id), Warning::no_forward_secrecy));
}

TEST_F(ClientTest, WithoutPrekeysTheAlertGoesOutMarkedAndTheNextLinkFetchesThem)
{
    std::filesystem::remove(defender().home / "kit" / client::file::prekeys);
    const AlertId id = defender().device.save(an_arrest()).value();
    EXPECT_TRUE(warned(status(defender(), id), Warning::no_forward_secrecy));
    EXPECT_TRUE(run(defender().client->connected(20s)));
    EXPECT_TRUE(until(
        [&] { return std::filesystem::exists(defender().home / "kit" / client::file::prekeys); }));
    const AlertId next = defender().device.save(an_arrest()).value();
    EXPECT_FALSE(warned(status(defender(), next), Warning::no_forward_secrecy));
}

TEST_F(ClientTest, AForgedReceiptIsRefusedAndWarnedOf)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    const crypto::SignKey other = crypto::SignKey::generate();
    relay->twist = [&](const DeviceMessage& message) -> std::optional<RelayMessage> {
        const auto* submit = std::get_if<protocol::Submit>(&message);
        if (submit == nullptr) return std::nullopt;
        const auto parsed = protocol::parse_stored_envelope(submit->envelope).value();
        const ReceiptFacts facts{id, parsed.digest, TimePoint(1s), {}, {}};
        return protocol::sign_receipts({facts}, other).front();
    };
    EXPECT_EQ(run(defender().client->submit(id)).error(), Errc::relay_forged);
    EXPECT_EQ(status(defender(), id).progress, Progress::saved);
    EXPECT_TRUE(warned(status(defender(), id), Warning::relay_forged));
}

TEST_F(ClientTest, AReceiptForOtherBytesIsRefused)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    relay->twist = [&](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (!std::holds_alternative<protocol::Submit>(message)) return std::nullopt;
        const ReceiptFacts facts{id, Digest{}, TimePoint(1s), {}, {}};
        return protocol::sign_receipts({facts}, relay->state.receipt_key).front();
    };
    EXPECT_EQ(run(defender().client->submit(id)).error(), Errc::relay_forged);
    EXPECT_EQ(status(defender(), id).progress, Progress::saved);
}

TEST_F(ClientTest, ALostLinkIsTakenUpAgainWithTheSameBytes)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    relay->hang_up_on_submit = true;
    defender().client->start();
    until([&] { return relay->submitted.size() >= 3; });
    relay->hang_up_on_submit = false;
    EXPECT_TRUE(run(defender().client->submit(id)));
    for (const Bytes& bytes : relay->submitted)
        EXPECT_EQ(bytes, relay->submitted.front());
}

TEST_F(ClientTest, ARelayThatLostTheAlertGetsItAgain)
{
    const AlertId id = raised();
    relay->alerts.clear();
    relay->drop_links();
    EXPECT_TRUE(until([&] { return relay->alerts.contains(id); }));
    EXPECT_EQ(relay->submitted.size(), 2u);
    EXPECT_EQ(relay->submitted[0], relay->submitted[1]);
}

TEST_F(ClientTest, AFullStoreIsSaidAtOnceAndTheAlertStaysInTheOutbox)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    bool full = true;
    relay->twist = [&](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (full && std::holds_alternative<protocol::Submit>(message))
            return protocol::Error{Errc::storage_full};
        return std::nullopt;
    };
    EXPECT_EQ(run(defender().client->submit(id)).error(), Errc::storage_full);
    full = false;
    EXPECT_TRUE(until([&] { return status(defender(), id).progress == Progress::with_relay; }));
}

TEST_F(ClientTest, WhatAnotherProcessSavedIsSentToo)
{
    EXPECT_TRUE(run(defender().client->connected(20s)));
    Device other = Device::open(defender().home).value();
    const AlertId id = other.save(an_arrest()).value();
    EXPECT_TRUE(until([&] { return relay->alerts.contains(id); }));
}

// ---- receiving and answering ----

TEST_F(ClientTest, ADeliveryIsOpenedKeptConfirmedAndProvenOpened)
{
    const AlertId id = received();
    const AlertStatus there = status(circle(), id);
    EXPECT_EQ(there.content->text, "Neema was taken at the market");
    EXPECT_EQ(there.pseudonym, "Umoja 7");
    EXPECT_EQ(there.my_slot, 0);
    const std::vector<AlertId> confirmed = relay->last<protocol::Delivered>()->alerts;
    EXPECT_EQ(confirmed, std::vector<AlertId>{id});
    const Signature opened = relay->last<protocol::Opened>()->signature;
    relay->push(protocol::Marks{id, {{0, DeliveryState::opened, TimePoint(1s), opened}}});
    EXPECT_TRUE(until([&] { return status(defender(), id).progress == Progress::with_device; }));
    EXPECT_TRUE(status(defender(), id).recipients.at(0).proven);
}

TEST_F(ClientTest, AnOpenedThatNobodySignedIsNotShown)
{
    const AlertId id = raised();
    relay->push(protocol::Marks{id, {{0, DeliveryState::opened, TimePoint(1s), Signature{}}}});
    EXPECT_TRUE(until([&] { return warned(status(defender(), id), Warning::relay_forged); }));
    EXPECT_EQ(status(defender(), id).progress, Progress::with_relay);
}

TEST_F(ClientTest, ADuplicateDeliveryIsConfirmedAgainAndNothingElse)
{
    const AlertId id = received();
    EXPECT_TRUE(saw(circle(), ClientEvent::What::received));
    const std::size_t before = relay->count<protocol::Delivered>();
    relay->deliver(id, 0);
    EXPECT_TRUE(until([&] { return relay->count<protocol::Delivered>() == before + 1; }));
    EXPECT_EQ(relay->count<protocol::Opened>(), 1u);
    EXPECT_EQ(circle().device.alerts()->size(), 1u);
}

TEST_F(ClientTest, ASwappedSlotIsNotOpenedAndTheRelayIsTold)
{
    const AlertId id = raised();
    EXPECT_TRUE(run(circle().client->connected(20s)));
    protocol::Deliver swapped = relay->delivery(id, 0);
    swapped.slot = relay->delivery(id, 1).slot;
    relay->push(swapped);
    EXPECT_TRUE(until([&] { return relay->count<protocol::CannotOpen>() == 1; }));
    EXPECT_EQ(circle().device.alerts()->size(), 0u);
    EXPECT_TRUE(saw(circle(), ClientEvent::What::cannot_open, Errc::cannot_open));
    relay->deliver(id, 0);
    EXPECT_TRUE(until([&] { return circle().device.alerts()->size() == 1; }));
}

TEST_F(ClientTest, AnotherPayloadIsNotOpened)
{
    const AlertId id = raised();
    EXPECT_TRUE(run(circle().client->connected(20s)));
    protocol::Deliver altered = relay->delivery(id, 0);
    altered.payload[40] ^= 1;
    relay->push(altered);
    EXPECT_TRUE(until([&] { return relay->count<protocol::CannotOpen>() == 1; }));
    EXPECT_EQ(circle().device.alerts()->size(), 0u);
}

TEST_F(ClientTest, AnAcceptanceShowsWithItsNoteAndItsTerm)
{
    const AlertId id = received();
    const protocol::Answer answer = accepted(id);
    relay->append(id, {answer.answered, HoldBegan{}}, answer.note);
    EXPECT_TRUE(until([&] { return status(defender(), id).progress == Progress::acknowledged; }));
    const AlertStatus seen = status(defender(), id);
    EXPECT_TRUE(seen.contacts.at(0).holds);
    EXPECT_EQ(seen.contacts.at(0).name, "Goma solidarity circle");
    ASSERT_TRUE(seen.timeline.at(2).note);
    EXPECT_EQ(seen.timeline.at(2).note->name, "Amina");
    EXPECT_TRUE(seen.warnings.empty() || seen.warnings == std::vector{Warning::no_forward_secrecy});
}

TEST_F(ClientTest, AWithheldNoteAdvancesNothing)
{
    const AlertId id = received();
    const protocol::Answer answer = accepted(id);
    relay->append(id, {answer.answered, HoldBegan{}}, {});
    EXPECT_TRUE(until([&] { return status(defender(), id).timeline.size() == 4; }));
    EXPECT_EQ(status(defender(), id).progress, Progress::with_device);
    EXPECT_FALSE(status(defender(), id).contacts.at(0).holds);
}

TEST_F(ClientTest, AForgedAnswerIsWarnedOfAndAdvancesNothing)
{
    const AlertId id = received();
    protocol::Answer answer = accepted(id);
    answer.answered.verb = Verb::resolve;
    relay->append(id, {answer.answered, Closed{Outcome::resolved}}, answer.note);
    EXPECT_TRUE(until([&] { return warned(status(defender(), id), Warning::relay_forged); }));
    EXPECT_LT(status(defender(), id).progress, Progress::acknowledged);
}

TEST_F(ClientTest, AReplayedAnswerIsWarnedOf)
{
    const AlertId id = received();
    const protocol::Answer answer = accepted(id);
    relay->append(id, {answer.answered, HoldBegan{}}, answer.note);
    EXPECT_TRUE(until([&] { return status(defender(), id).progress == Progress::acknowledged; }));
    relay->append(id, {answer.answered}, answer.note);
    EXPECT_TRUE(until([&] { return warned(status(defender(), id), Warning::relay_forged); }));
}

TEST_F(ClientTest, AnAnswerOfAnotherAlertIsRefused)
{
    const AlertId first = received();
    const protocol::Answer answer = accepted(first);
    const AlertId second = raised();
    relay->append(second, {answer.answered, HoldBegan{}}, answer.note);
    EXPECT_TRUE(until([&] { return warned(status(defender(), second), Warning::relay_forged); }));
    EXPECT_EQ(status(defender(), second).progress, Progress::with_relay);
}

TEST_F(ClientTest, AChangedHistoryIsWarnedOf)
{
    const AlertId id = raised();
    relay->append(id, {StepOpened{1, 0, StepCause::delay, false}});
    EXPECT_TRUE(until([&] { return status(defender(), id).timeline.size() == 3; }));
    const protocol::JournalRow other =
        relay->row(id, {StepOpened{1, 0, StepCause::by_hand, false}});
    relay->push(protocol::JournalRows{id, 1, {other}});
    EXPECT_TRUE(until([&] { return warned(status(defender(), id), Warning::relay_forged); }));
    EXPECT_EQ(status(defender(), id).timeline.size(), 3u);
}

TEST_F(ClientTest, ARelayThatStopsByItselfIsAnAlarm)
{
    const AlertId id = raised();
    relay->append(id, {HoldBegan{}});
    EXPECT_TRUE(until([&] { return warned(status(defender(), id), Warning::stopped_unsigned); }));
    EXPECT_EQ(status(defender(), id).progress, Progress::with_relay);
}

TEST_F(ClientTest, AStepThatNeverOpensIsCalledLate)
{
    const AlertId id = raised();
    EXPECT_TRUE(until([&] { return status(defender(), id).timeline.size() == 2; }));
    const auto clock = defender().device.impl().clock;
    defender().device.impl().clock = [clock] { return clock() + 2min + 10s; };
    EXPECT_FALSE(warned(status(defender(), id), Warning::relay_late));
    defender().device.impl().clock = [clock] { return clock() + 2min + 20s; };
    EXPECT_TRUE(warned(status(defender(), id), Warning::relay_late));
}

TEST_F(ClientTest, AnAnswerIsSentAgainWithTheSameBytesUntilItIsSettled)
{
    const AlertId id = received();
    bool deaf = true;
    relay->twist = [&](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (deaf && std::holds_alternative<protocol::Answer>(message))
            return protocol::Error{Errc::storage_failed};
        return std::nullopt;
    };
    AnswerDraft draft;
    draft.note.name = "Amina";
    EXPECT_EQ(run(circle().client->answer(id, draft)).error(), Errc::storage_failed);
    const protocol::Answer first = relay->last<protocol::Answer>().value();
    const std::size_t said = relay->count<protocol::Answer>();
    relay->drop_links();
    until([&] { return relay->count<protocol::Answer>() > said; });
    const protocol::Answer second = relay->last<protocol::Answer>().value();
    deaf = false;
    EXPECT_EQ(first.answered, second.answered);
    EXPECT_EQ(first.note, second.note);
    EXPECT_TRUE(until(
        [&] { return client::load_alert(circle().device.impl().store, id)->pending.empty(); }));
}

TEST_F(ClientTest, AFinallyRefusedAnswerIsNotSentAgain)
{
    const AlertId id = received();
    relay->twist = [](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (std::holds_alternative<protocol::Answer>(message)) return protocol::Error{Errc::stale};
        return std::nullopt;
    };
    EXPECT_EQ(run(circle().client->answer(id, {})).error(), Errc::stale);
    relay->twist = nullptr;
    const protocol::Answer next = accepted(id);
    EXPECT_EQ(next.answered.number, 2u) << "a number is never used twice";
    EXPECT_EQ(relay->count<protocol::Answer>(), 2u);
}

TEST_F(ClientTest, FollowUpsReachTheOthersInOrder)
{
    const AlertId id = received();
    EXPECT_TRUE(run(defender().client->update(id, {.text = "moved to Munzenze", .where = {}})));
    const auto first = relay->last<protocol::FollowUp>().value();
    EXPECT_TRUE(run(defender().client->update(id, {.text = "a lawyer is there", .where = {}})));
    const auto second = relay->last<protocol::FollowUp>().value();
    EXPECT_EQ(second.followed_up.previous, first.followed_up.body_hash);
    relay->append(id, {first.followed_up}, first.body);
    relay->append(id, {second.followed_up}, second.body);
    EXPECT_TRUE(until([&] { return status(circle(), id).timeline.size() == 4; }));
    EXPECT_EQ(status(circle(), id).timeline.at(2).follow_up->text, "moved to Munzenze");
    EXPECT_EQ(status(circle(), id).timeline.at(3).follow_up->text, "a lawyer is there");
}

TEST_F(ClientTest, ARingIsAnEvent)
{
    EXPECT_TRUE(run(circle().client->connected(20s)));
    relay->push(protocol::Ring{AlertId{}, {PageCause::repeat, true}});
    EXPECT_TRUE(saw(circle(), ClientEvent::What::rang));
}

TEST_F(ClientTest, ADeliveryThatCallsIsTakenAndRings)
{
    const AlertId id = raised();
    EXPECT_TRUE(run(circle().client->connected(20s)));
    protocol::Deliver calling = relay->delivery(id, 0);
    calling.call = protocol::Call{PageCause::step, false};
    relay->push(calling);
    EXPECT_TRUE(saw(circle(), ClientEvent::What::rang));
    EXPECT_EQ(circle().device.alerts()->size(), 1u);
}

// ---- cancelling ----

TEST_F(ClientTest, ACancelBeforeAnythingWasSentIsLocal)
{
    const AlertId id = defender().device.save(an_arrest()).value();
    EXPECT_TRUE(run(defender().client->cancel(id, Duress::ok)));
    EXPECT_EQ(status(defender(), id).progress, Progress::cancelled);
    EXPECT_TRUE(run(defender().client->connected(20s)));
    until([&] { return relay->count<protocol::GetPrekeys>() > 0; });
    EXPECT_TRUE(relay->submitted.empty());
}

TEST_F(ClientTest, AFreeCancelIsConfirmedByTheRecipientsClient)
{
    const AlertId id = received();
    EXPECT_TRUE(run(defender().client->cancel(id, Duress::ok)));
    const protocol::Answer cancel = relay->last<protocol::Answer>().value();
    EXPECT_EQ(cancel.answered.verb, Verb::cancel);
    relay->append(id, {cancel.answered}, cancel.note);
    EXPECT_TRUE(until(
        [&] { return relay->last<protocol::Answer>()->answered.verb == Verb::confirm_cancel; }));
}

TEST_F(ClientTest, ADrillEndsWithoutAProofThatTheSenderIsFree)
{
    for (const Status kind : {Status::exercise, Status::actual}) {
        AlertContent content = an_arrest();
        content.status = kind;
        const AlertId id = raised(content);
        circle().client->start();
        EXPECT_TRUE(run(circle().client->connected(20s)));
        relay->deliver(id, 0);
        EXPECT_TRUE(until([&] { return circle().device.status(id).has_value(); }));
        EXPECT_TRUE(run(defender().client->cancel(id, Duress::none)));
        const protocol::Answer cancel = relay->last<protocol::Answer>().value();
        relay->append(id, {cancel.answered}, cancel.note);
        EXPECT_TRUE(until([&] { return status(circle(), id).cancelling; }));
        const auto confirmed = [&] {
            return relay->last<protocol::Answer>()->answered.verb == Verb::confirm_cancel;
        };
        if (kind == Status::exercise) {
            EXPECT_TRUE(until(confirmed));
            continue;
        }
        EXPECT_TRUE(run(circle().client->follow(id))); // what it would have said is said by now
        EXPECT_FALSE(confirmed()) << "of a real alert that is a person's to say";
    }
}

TEST_F(ClientTest, ACancelUnderDuressIsNeverConfirmedAndLooksTheSame)
{
    const AlertId id = received();
    EXPECT_TRUE(run(defender().client->cancel(id, Duress::duress)));
    const protocol::Answer cancel = relay->last<protocol::Answer>().value();
    relay->append(id, {cancel.answered}, cancel.note);
    EXPECT_TRUE(until([&] { return status(circle(), id).cancelling; }));
    EXPECT_EQ(status(circle(), id).timeline.back().note->duress, Duress::duress);
    EXPECT_TRUE(run(circle().client->follow(id))); // whatever it would have said is said by now
    EXPECT_EQ(relay->last<protocol::Answer>()->answered.verb, Verb::cancel);
    Device locked = Device::open(defender().home).value();
    EXPECT_EQ(locked.status(id)->progress, Progress::cancelled);
    EXPECT_FALSE(locked.status(id)->content);
}

TEST_F(ClientTest, TheOutcomeOfACancelNeedsTheVault)
{
    const AlertId id = received();
    EXPECT_TRUE(run(defender().client->cancel(id, Duress::ok)));
    const protocol::Answer cancel = relay->last<protocol::Answer>().value();
    relay->append(id, {cancel.answered}, cancel.note);
    EXPECT_TRUE(until(
        [&] { return relay->last<protocol::Answer>()->answered.verb == Verb::confirm_cancel; }));
    const protocol::Answer confirmed = relay->last<protocol::Answer>().value();
    relay->append(id, {confirmed.answered, Closed{Outcome::cancelled}}, confirmed.note);

    Device locked = Device::open(defender().home).value();
    ClientOptions options;
    options.addresses = {relay->address()};
    Client kit(io.get_executor(), locked, options);
    EXPECT_EQ(run(kit.outcome(id)).error(), Errc::locked);
    EXPECT_EQ(run(defender().client->outcome(id)).value(), Outcome::cancelled);
}

// ---- the directory ----

TEST_F(ClientTest, AnOlderDirectoryIsRefusedAndSaid)
{
    EXPECT_TRUE(run(defender().client->connected(20s)));
    relay->twist = [](const DeviceMessage& message) -> std::optional<RelayMessage> {
        if (!std::holds_alternative<protocol::GetDirectory>(message)) return std::nullopt;
        protocol::Directory old;
        old.bundle = Cast::get().first_bundle;
        return old;
    };
    relay->push(protocol::DirectoryChanged{1});
    EXPECT_TRUE(saw(defender(), ClientEvent::What::directory, Errc::rollback));
    EXPECT_TRUE(defender().device.save(an_arrest())) << "the last good one still serves";
}

TEST_F(ClientTest, ANewerDirectoryIsTakenAlsoWhileLockedAndUsedAtTheNextUnlock)
{
    Cast& cast = const_cast<Cast&>(Cast::get());
    const auto wall =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::string text = cast.file.text();
    text.replace(text.find("Goma solidarity circle"), 22, "Goma neighbours' circle");
    const DirectoryFile renamed = DirectoryFile::parse(text, "directory.toml");
    const Bytes published = cast.organisation->publish(renamed, wall).value();
    const auto parts = protocol::decode_published(published).value();
    relay->state.bundle = parts.bundle;
    relay->state.routing = protocol::decode_routing(parts.routing).value();

    Device locked = Device::open(folder.path() / "defender").value();
    ClientOptions options;
    options.addresses = {relay->address()};
    {
        Client kit(io.get_executor(), locked, options);
        const auto version = relay->state.routing->version;
        EXPECT_TRUE(run(kit.connected(20s)));
        EXPECT_TRUE(
            until([&] { return client::load_trust(locked.impl().store)->version == version; }));
    }
    EXPECT_TRUE(locked.unlock(passphrase));
    EXPECT_EQ(client::load_roster(locked.impl().store)->contacts.at(0).name,
              "Goma neighbours' circle");
}

TEST_F(ClientTest, DrainingMovesOnAtOnce)
{
    EXPECT_TRUE(run(defender().client->connected(20s)));
    relay->push(protocol::Draining{});
    EXPECT_TRUE(saw(defender(), ClientEvent::What::disconnected, Errc::draining));
    EXPECT_TRUE(run(defender().client->connected(20s)));
}

} // namespace
} // namespace tocsin::test
