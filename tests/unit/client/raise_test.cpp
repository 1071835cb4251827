#include "tests/unit/client/world.hpp"

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/outbox.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace tocsin::test {
namespace {

using client::Compartment;
using Kinds = std::vector<Kind>;

// The circle is a peer, the desk a protection desk; the policy calls them in that order.
class RaiseTest : public World {
protected:
    void change_panic(const std::function<void(client::PanicRecord&)>& change)
    {
        client::KeyStore& store = defender().device.impl().store;
        const auto changing = store.change();
        auto panic = store.load<client::PanicRecord>(Compartment::kit, client::file::panic).value();
        change(panic);
        EXPECT_TRUE(store.keep(Compartment::kit, client::file::panic, panic));
    }
    void change_device(const std::function<void(client::DeviceRecord&)>& change)
    {
        client::KeyStore& store = defender().device.impl().store;
        const auto changing = store.change();
        auto record = store.load<client::DeviceRecord>(Compartment::kit, client::file::device);
        change(*record);
        EXPECT_TRUE(store.keep(Compartment::kit, client::file::device, *record));
    }
    // A newer directory under a new key, of which the defender's part brings no renewed papers.
    void rotate_without_renewal()
    {
        const auto wall =
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
        Organisation twin = Organisation::load(Cast::get().organisation->state()).value();
        ASSERT_TRUE(
            twin.rotate_directory_key(Cast::get().organisation->root_state().value(), wall));
        const auto parts =
            protocol::decode_published(twin.publish(Cast::get().file, wall).value()).value();
        relay->state.bundle = parts.bundle;
        relay->state.routing = protocol::decode_routing(parts.routing).value();
        const client::KeyStore& store = defender().device.impl().store;
        const auto self =
            store.load<client::SelfRecord>(Compartment::vault, client::file::self).value();
        const auto key = crypto::BoxKey::from_secret(self.roster_secret.view());
        for (protocol::RoutingDevice& each : relay->state.routing->devices) {
            if (each.role != protocol::Role::defender || each.revoked) continue;
            const OrgId org = relay->state.routing->org;
            const auto roster_key = protocol::unwrap_roster_key(each.roster_wrap, key, org);
            if (!roster_key) continue; // another defender's
            each.roster_wrap =
                protocol::wrap_roster_key(roster_key->view(), key.public_key(), org).value();
        }
    }
    protocol::Seconds expiry_of(const AlertId& id)
    {
        const auto record = client::load_alert(defender().device.impl().store, id).value();
        return protocol::decode_header(record.header)->expires_at;
    }
    Plan plan_of(const AlertId& id)
    {
        const auto record = client::load_alert(defender().device.impl().store, id).value();
        return protocol::decode_plan(record.plan).value();
    }
    AlertContent with(Kinds kinds)
    {
        AlertContent content = an_arrest();
        content.consent_kinds = std::move(kinds);
        return content;
    }
    Device& device() { return defender().device; }
    // The sender's link ends; what happens at the relay from then on it does not hear.
    void leave()
    {
        std::optional<bool> gone;
        asio::co_spawn(io, defender().client->stop(), [&](std::exception_ptr) { gone = true; });
        until([&] { return gone.has_value(); });
    }
};

Kinds kinds_of(const Plan& plan)
{
    Kinds kinds;
    for (const PlanSlot& slot : plan.slots)
        kinds.push_back(plan.contacts.at(slot.contact).kind);
    return kinds;
}

// ---- settings ----

TEST_F(RaiseTest, SettingsNeedNoPassphraseAndStayOnTheDevice)
{
    EXPECT_EQ(device().settings().value(), DeviceSettings{});
    Device locked = Device::open(defender().home).value();
    const DeviceSettings wanted{"CD", "sw", {Kind::protection_desk, Kind::peer}, true, false};
    ASSERT_TRUE(locked.set_settings(wanted));
    const DeviceSettings kept = Device::open(defender().home)->settings().value();
    EXPECT_EQ(kept.country, "CD");
    EXPECT_EQ(kept.language, "sw");
    EXPECT_EQ(kept.consent_kinds, (Kinds{Kind::peer, Kind::protection_desk}));
    EXPECT_TRUE(kept.consent_name_to_government);
    EXPECT_FALSE(kept.consent_name_in_public_reports);
}

TEST_F(RaiseTest, SettingsThatMeanNothingAreRefusedAndTheOldOnesStay)
{
    ASSERT_TRUE(device().set_settings({.country = "CD"}));
    const auto refused = [&](const DeviceSettings& settings) {
        const Result<void> kept = device().set_settings(settings);
        return !kept && kept.error() == Errc::invalid_argument;
    };
    for (const char* country : {"C", "cd", "COD", "C1"})
        EXPECT_TRUE(refused({.country = country})) << country;
    for (const char* language : {"s", "sw_CD", "sw-", "swahilitongue", "1a"})
        EXPECT_TRUE(refused({.language = language})) << language;
    EXPECT_TRUE(refused({.consent_kinds = {Kind::any}}));
    EXPECT_TRUE(refused({.consent_kinds = {static_cast<Kind>(99)}}));
    EXPECT_EQ(device().settings()->country, "CD");
}

TEST_F(RaiseTest, AlertsSayWhatTheSettingsSayUnlessTheySayItThemselves)
{
    ASSERT_TRUE(device().set_settings({"CD", "sw", {Kind::peer}, true, true}));
    AlertContent drafted = device().draft(Category::arrest);
    EXPECT_TRUE(drafted.consent_name_to_government);
    EXPECT_TRUE(drafted.consent_name_in_public_reports);
    const AlertContent said = device().status(device().save(drafted).value())->content.value();
    EXPECT_EQ(said.category, Category::arrest);
    EXPECT_EQ(said.country, "CD");
    EXPECT_EQ(said.language, "sw");
    EXPECT_EQ(said.consent_kinds, (Kinds{Kind::peer}));
    EXPECT_TRUE(said.consent_name_to_government);

    // Not drafted: what is empty is filled in; a "no" to the name is a word.
    const AlertId plain = device().save(an_arrest()).value();
    EXPECT_EQ(device().status(plain)->content->country, "CD");
    EXPECT_EQ(kinds_of(plan_of(plain)), (Kinds{Kind::peer}));
    EXPECT_FALSE(device().status(plain)->content->consent_name_to_government);

    AlertContent own = with({Kind::protection_desk});
    own.country = "RW";
    own.language = "fr";
    const AlertId other = device().save(own).value();
    EXPECT_EQ(device().status(other)->content->country, "RW");
    EXPECT_EQ(device().status(other)->content->language, "fr");
    EXPECT_EQ(kinds_of(plan_of(other)), (Kinds{Kind::protection_desk}));
}

TEST_F(RaiseTest, UnreadableSettingsAreNoConsent)
{
    ASSERT_TRUE(device().set_settings({.consent_kinds = {Kind::peer}}));
    std::filesystem::resize_file(defender().home / "kit" / "settings", 20);
    EXPECT_EQ(device().save(an_arrest()).error(), Errc::damaged);
    EXPECT_TRUE(device().alerts()->empty());
    EXPECT_FALSE(device().draft(Category::arrest).consent_name_to_government);
    // Said with the alert it counts: nobody is kept from calling.
    const AlertId id = device().save(with({Kind::peer})).value();
    EXPECT_EQ(kinds_of(plan_of(id)), (Kinds{Kind::peer}));
    EXPECT_TRUE(device().set_settings({}));
    EXPECT_TRUE(device().save(an_arrest()));
}

// ---- consent ----

TEST_F(RaiseTest, RecipientsSeeWhatWasAgreedAlsoWhenNothingWasSaid)
{
    change_panic([](client::PanicRecord& panic) {
        panic.roster.consent_kinds = {Kind::lawyer, Kind::peer};
    });
    const AlertId id = received();
    EXPECT_EQ(status(circle(), id).content->consent_kinds, (Kinds{Kind::peer, Kind::lawyer}));
    EXPECT_EQ(kinds_of(plan_of(id)), (Kinds{Kind::peer}));
}

TEST_F(RaiseTest, WithoutAnyAgreementEveryKindIsNamed)
{
    const AlertId id = device().save(an_arrest()).value();
    EXPECT_EQ(device().status(id)->content->consent_kinds.size(), kind_max);
    EXPECT_EQ(kinds_of(plan_of(id)), (Kinds{Kind::peer, Kind::protection_desk}));
}

TEST_F(RaiseTest, ConsentThatNamesNoKindIsRefused)
{
    EXPECT_EQ(device().save(with({Kind::any})).error(), Errc::invalid_argument);
    EXPECT_EQ(device().save(with({static_cast<Kind>(77)})).error(), Errc::invalid_argument);
    AlertContent content = an_arrest();
    content.country = "Congo";
    EXPECT_EQ(device().save(content).error(), Errc::invalid_argument);
}

// ---- the preview ----

TEST_F(RaiseTest, APreviewShowsWhoWouldBeCalledAndKeepsNothing)
{
    Device locked = Device::open(defender().home).value();
    const AlertPreview seen = locked.preview(an_arrest()).value();
    ASSERT_EQ(seen.steps.size(), 2u);
    EXPECT_EQ(seen.steps[0].delay, 2min);
    EXPECT_EQ(seen.steps[0].contacts, (std::vector<PreviewContact>{{1, Kind::peer, "", "", 1}}));
    EXPECT_EQ(seen.steps[1].delay, 5min);
    EXPECT_EQ(seen.steps[1].contacts.at(0).kind, Kind::protection_desk);
    EXPECT_EQ(seen.last_resort, seen.steps[1].contacts);
    EXPECT_EQ(seen.kinds, (Kinds{Kind::peer, Kind::protection_desk}));
    EXPECT_TRUE(seen.without_consent.empty());
    EXPECT_TRUE(seen.without_device.empty());
    EXPECT_EQ(seen.policy_place, 1);
    EXPECT_EQ(seen.policy, "");
    EXPECT_FALSE(seen.quorum_lowered);
    EXPECT_FALSE(seen.directory_expired);
    EXPECT_EQ(seen.content.consent_kinds.size(), kind_max);
    EXPECT_TRUE(locked.alerts()->empty());

    const AlertPreview named = device().preview(an_arrest()).value();
    EXPECT_EQ(named.policy, "anything");
    EXPECT_EQ(named.steps[0].contacts[0].name, "Goma solidarity circle");
    EXPECT_EQ(named.steps[0].contacts[0].id, "circle");
}

TEST_F(RaiseTest, APreviewNamesThoseWithoutConsentWithoutDeviceAndWhatWasLowered)
{
    change_panic([](client::PanicRecord& panic) {
        protocol::Contact nobody;
        nobody.number = 9;
        nobody.kind = Kind::lawyer;
        panic.roster.contacts.push_back(nobody);
        panic.roster.policies.at(0).steps.at(1).contacts.push_back(9);
        panic.roster.policies.at(0).quorum = {{Kind::any, 2}};
        panic.expires_at = {};
    });
    const AlertPreview seen = device().preview(with({Kind::peer})).value();
    ASSERT_EQ(seen.steps.size(), 1u);
    ASSERT_EQ(seen.without_consent.size(), 1u);
    EXPECT_EQ(seen.without_consent[0].kind, Kind::protection_desk);
    ASSERT_EQ(seen.without_device.size(), 1u);
    EXPECT_EQ(seen.without_device[0].number, 9u);
    EXPECT_TRUE(seen.quorum_lowered);
    EXPECT_TRUE(seen.directory_expired);
    EXPECT_EQ(seen.kinds, (Kinds{Kind::peer, Kind::protection_desk}));
}

TEST_F(RaiseTest, APreviewSaysWhoThereWouldBeWhenConsentLeavesNobody)
{
    const AlertPreview seen = device().preview(with({Kind::embassy})).value();
    EXPECT_TRUE(seen.steps.empty());
    EXPECT_EQ(seen.without_consent.size(), 2u);
    EXPECT_EQ(seen.kinds, (Kinds{Kind::peer, Kind::protection_desk}));
    EXPECT_EQ(device().save(with({Kind::embassy})).error(), Errc::invalid_plan);
    EXPECT_TRUE(device().alerts()->empty());
}

TEST_F(RaiseTest, APreviewIsTheSendersOnly)
{
    EXPECT_EQ(circle().device.preview(an_arrest()).error(), Errc::not_authorised);
    Device nobody = Device::create(folder.path() / "nobody", passphrase).value();
    EXPECT_EQ(nobody.preview(an_arrest()).error(), Errc::not_joined);
    change_panic([](client::PanicRecord& panic) {
        panic.roster.policies.at(0).conditions.categories = {Category::raid};
    });
    EXPECT_EQ(device().preview(an_arrest()).error(), Errc::invalid_plan);
}

TEST_F(RaiseTest, WhatIsSavedIsWhatThePreviewShowed)
{
    for (const Kinds& kinds : {Kinds{}, Kinds{Kind::peer}, Kinds{Kind::protection_desk}}) {
        const AlertPreview seen = device().preview(with(kinds)).value();
        const AlertId id = device().save(seen.content).value();
        const Plan plan = plan_of(id);
        ASSERT_EQ(plan.steps.size(), seen.steps.size());
        for (std::size_t i = 0; i < plan.steps.size(); ++i) {
            EXPECT_EQ(plan.steps[i].delay, seen.steps[i].delay);
            ASSERT_EQ(plan.steps[i].contacts.size(), seen.steps[i].contacts.size());
            for (std::size_t j = 0; j < plan.steps[i].contacts.size(); ++j)
                EXPECT_EQ(plan.contacts[plan.steps[i].contacts[j]].number,
                          seen.steps[i].contacts[j].number);
        }
    }
}

// ---- sealing anew ----

TEST_F(RaiseTest, ASavedAlertIsSealedAnewUnderItsIdWithOtherKeys)
{
    const AlertId id = device().save(an_arrest()).value();
    const auto before = client::load_alert(device().impl().store, id).value();
    ASSERT_TRUE(device().reseal(id, with({Kind::peer})));
    const auto after = client::load_alert(device().impl().store, id).value();
    EXPECT_EQ(device().alerts()->size(), 1u);
    EXPECT_EQ(kinds_of(plan_of(id)), (Kinds{Kind::peer}));
    EXPECT_EQ(after.content.consent_kinds, (Kinds{Kind::peer}));
    EXPECT_FALSE(after.payload_key.same_as(before.payload_key));
    EXPECT_FALSE(after.word_seed.same_as(before.word_seed));
    EXPECT_TRUE(run(defender().client->submit(id)));
    ASSERT_EQ(relay->submitted.size(), 1u);
    EXPECT_EQ(relay->submitted[0], after.envelope);
}

TEST_F(RaiseTest, WhatTheRelayMayHaveIsNotSealedAnew)
{
    const AlertId id = device().save(an_arrest()).value();
    ASSERT_TRUE(client::begin_sending(device().impl().store, id));
    const auto before = client::load_alert(device().impl().store, id).value();
    EXPECT_EQ(device().reseal(id, with({Kind::peer})).error(), Errc::stale);
    EXPECT_EQ(client::load_alert(device().impl().store, id)->envelope, before.envelope);
    const AlertId told = device().save(an_arrest()).value();
    ASSERT_TRUE(client::add_follow_up(device().impl().store, told, {.text = "more"},
                                      device().impl().now()));
    EXPECT_EQ(device().reseal(told, with({Kind::peer})).error(), Errc::stale);
    EXPECT_EQ(device().reseal(AlertId{}, an_arrest()).error(), Errc::not_found);
}

TEST_F(RaiseTest, AFailedSealingLeavesTheFirst)
{
    const AlertId id = device().save(an_arrest()).value();
    EXPECT_EQ(device().reseal(id, with({Kind::embassy})).error(), Errc::invalid_plan);
    EXPECT_EQ(kinds_of(plan_of(id)), (Kinds{Kind::peer, Kind::protection_desk}));
}

// ---- the sender's own papers ----

TEST_F(RaiseTest, AKeyThatDoesNotVouchForThePapersIsNotNamedBesideThem)
{
    const auto stranger = crypto::SignKey::generate();
    change_panic([&](client::PanicRecord& panic) {
        auto key = protocol::decode_directory_key(panic.directory_key.bytes).value();
        key.key = stranger.public_key();
        panic.directory_key =
            protocol::sign_part(stranger, protocol::label::directory_key, protocol::encode(key));
    });
    const AlertId id = received();
    EXPECT_TRUE(circle().device.status(id)) << "it opens";
    EXPECT_TRUE(status(defender(), id).warnings.empty());
}

TEST_F(RaiseTest, PapersThatWereNotRenewedGoOutUnderTheKeyTheyWereMadeWith)
{
    rotate_without_renewal();
    const std::uint64_t version = relay->state.routing->version;
    for (Party* party : {&defender(), &circle()}) {
        EXPECT_TRUE(run(party->client->connected(20s)));
        EXPECT_TRUE(until(
            [&] { return client::load_roster(party->device.impl().store)->version == version; }));
    }
    const AlertId id = received();
    EXPECT_TRUE(circle().device.status(id)) << "it opens";
    EXPECT_TRUE(warned(status(circle(), id), Warning::papers_replaced));
    EXPECT_TRUE(warned(status(defender(), id), Warning::papers_replaced));
}

TEST_F(RaiseTest, PapersThatHoldUnderNoKeyKeepNobodyFromCalling)
{
    change_device([](client::DeviceRecord& record) { record.certificate.signature = {}; });
    Device locked = Device::open(defender().home).value();
    const AlertId id = locked.save(an_arrest()).value();
    EXPECT_TRUE(warned(locked.status(id).value(), Warning::papers_unfit));
    // A relay that says nothing new of the directory gets it all the same.
    relay->twist =
        [](const protocol::DeviceMessage& message) -> std::optional<protocol::RelayMessage> {
        if (!std::holds_alternative<protocol::GetDirectory>(message)) return std::nullopt;
        return protocol::Error{Errc::not_found};
    };
    EXPECT_TRUE(run(defender().client->submit(id)));
    EXPECT_EQ(relay->submitted.size(), 1u);
    EXPECT_TRUE(warned(status(defender(), id), Warning::papers_unfit));
}

TEST_F(RaiseTest, PapersThatTheRelayMendsAreSentMended)
{
    protocol::SignedBytes good;
    change_device([&](client::DeviceRecord& record) {
        good = record.certificate;
        record.certificate.signature = {};
    });
    const AlertId id = device().save(an_arrest()).value();
    EXPECT_TRUE(warned(device().status(id).value(), Warning::papers_unfit));
    relay->twist =
        [&](const protocol::DeviceMessage& message) -> std::optional<protocol::RelayMessage> {
        if (std::holds_alternative<protocol::GetDirectory>(message)) {
            EXPECT_TRUE(relay->submitted.empty()) << "asked for before it is sent";
            change_device([&](client::DeviceRecord& record) { record.certificate = good; });
        }
        return std::nullopt;
    };
    EXPECT_TRUE(run(defender().client->submit(id)));
    relay->twist = {};
    EXPECT_TRUE(status(defender(), id).warnings.empty());
    circle().client->start();
    EXPECT_TRUE(run(circle().client->connected(20s)));
    relay->deliver(id, 0);
    EXPECT_TRUE(until([&] { return circle().device.status(id).has_value(); })) << "it opens";
}

TEST_F(RaiseTest, AnAlertLivesAsLongAsItsPolicySaysOrLess)
{
    const TimePoint before = device().impl().now();
    EXPECT_GT(expiry_of(device().save(an_arrest()).value()), before + 71h);
    const AlertId drill = device().save(an_arrest(), 1h).value();
    const auto expiry = expiry_of(drill);
    EXPECT_GE(expiry, before + 1h);
    EXPECT_LE(expiry, before + 2h + 1min) << "in whole hours";
    EXPECT_EQ(device().status(drill)->expires_at, expiry);
    ASSERT_TRUE(device().reseal(drill, with({Kind::peer})));
    EXPECT_LE(expiry_of(drill), before + 3h) << "sealed anew it is still short";
    EXPECT_EQ(device().save(an_arrest(), 0s).error(), Errc::invalid_argument);
}

TEST_F(RaiseTest, AnAlertBeganWhenTheRelayTookIt)
{
    const AlertId id = received();
    EXPECT_TRUE(until([&] { return !status(circle(), id).timeline.empty(); }));
    EXPECT_EQ(status(circle(), id).began_at, status(defender(), id).receipt->committed_at);
    EXPECT_EQ(incident_member(status(circle(), id)).at, status(circle(), id).began_at);
}

// ---- what a status tells ----

TEST_F(RaiseTest, WhatFollowsTheLastCircleIsTold)
{
    change_panic([](client::PanicRecord& panic) {
        panic.roster.policies.at(0).repeat_rounds = 1;
        panic.roster.policies.at(0).steps.pop_back();
        panic.roster.policies.at(0).last_resort = {2};
    });
    const AlertId id = raised();
    EXPECT_TRUE(until([&] { return status(defender(), id).next_step_at.has_value(); }));
    AlertStatus seen = status(defender(), id);
    EXPECT_EQ(seen.following, Following::again_from_first);
    EXPECT_EQ(seen.contacts.at(0).id, "circle");
    EXPECT_FALSE(seen.contacts.at(0).last_resort);
    EXPECT_TRUE(seen.contacts.at(1).last_resort);
    EXPECT_EQ(seen.contacts.at(1).first_step, seen.step_count);
    relay->append(id, {StepOpened{0, 1, StepCause::delay, false}});
    EXPECT_TRUE(until([&] { return status(defender(), id).round == 1; }));
    EXPECT_EQ(status(defender(), id).following, Following::last_resort);
}

TEST_F(RaiseTest, BeforeTheLastCircleTheNextFollows)
{
    const AlertId id = raised();
    EXPECT_TRUE(until([&] { return status(defender(), id).next_step_at.has_value(); }));
    EXPECT_EQ(status(defender(), id).following, Following::next_step);
    EXPECT_TRUE(status(defender(), id).contacts.at(1).last_resort); // those of the last step
}

TEST_F(RaiseTest, TheCommunityHasItsNameOnceTheDirectoryIsOpen)
{
    const AlertId id = received();
    client::KeyStore& store = circle().device.impl().store;
    EXPECT_TRUE(client::change_alert(store, id, [](client::AlertRecord& alert) -> Result<void> {
        alert.community = 4;
        return {};
    }));
    EXPECT_EQ(status(circle(), id).community, 4u);
    EXPECT_EQ(status(circle(), id).community_name, ""); // the directory knows it no longer
    protocol::Roster roster = client::load_roster(store).value();
    protocol::Community women;
    women.number = 4;
    women.id = "walikale-women";
    women.name = "Women of Walikale";
    roster.communities.push_back(women);
    EXPECT_EQ(circle().device.incident_window(), 30min);
    roster.incident_window = 45min;
    {
        const auto changing = store.change();
        ASSERT_TRUE(store.keep(Compartment::vault, client::file::roster,
                               client::RosterRecord{roster.version, protocol::encode(roster)}));
    }
    EXPECT_EQ(status(circle(), id).community_name, "Women of Walikale");
    EXPECT_EQ(circle().device.alerts()->at(0).community_name, "Women of Walikale");
    EXPECT_EQ(circle().device.incident_window(), 45min);
    EXPECT_EQ(Device::open(circle().home)->incident_window(), 30min) << "not known while locked";
}

TEST_F(RaiseTest, ACancelOfWhatIsResolvedSaysSoAndCancelsNothing)
{
    const AlertId id = received();
    const protocol::Answer accept = accepted(id);
    relay->append(id, {accept.answered, HoldBegan{}}, accept.note);
    EXPECT_TRUE(until([&] { return status(circle(), id).contacts.at(0).holds; }));
    EXPECT_TRUE(run(circle().client->answer(id, {.verb = Verb::resolve})));
    const protocol::Answer resolved = relay->last<protocol::Answer>().value();
    // The sender's device is away while that happens, and comes back to cancel.
    EXPECT_TRUE(until([&] { return status(defender(), id).contacts.at(0).holds; }));
    leave();
    relay->append(id, {resolved.answered, Closed{Outcome::resolved}}, resolved.note);
    Device back = Device::open(defender().home).value();
    ASSERT_TRUE(back.unlock(passphrase));
    EXPECT_EQ(back.status(id)->progress, Progress::acknowledged);
    ClientOptions options;
    options.addresses = {relay->address()};
    Client client(io.get_executor(), back, options);
    EXPECT_EQ(run(client.cancel(id, Duress::ok)).error(), Errc::closed);
    EXPECT_EQ(back.status(id)->progress, Progress::resolved);
    EXPECT_EQ(relay->last<protocol::Answer>()->answered.verb, Verb::resolve);
}

} // namespace
} // namespace tocsin::test
