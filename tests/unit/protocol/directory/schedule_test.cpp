// Schedules, people, communities and conditions on the wire: what comes back, and what is refused.
#include "tests/unit/protocol/directory/chain.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

using std::chrono::minutes;

LocalMinute at(int day, minutes time)
{
    return LocalMinute{std::chrono::local_days{std::chrono::year{2026} / 1 / day} + time};
}

Schedule schedule()
{
    Schedule s;
    s.zone = "Africa/Kampala";
    s.rotations = {{{11, 12, 13}, at(5, 8h), 7 * 24h, {{0b0011111, 8h, 20h}, {0x7F, 20h, 8h}}},
                   {{14}, at(6, 0h), 1h, {}}};
    s.overrides = {{at(24, 18h), at(27, 8h), 13, 11}, {at(28, 0h), at(28, 1min), 0, 12}};
    return s;
}

RoutingView view(Schedule s)
{
    RoutingView v{org, 3, {}, {}};
    RoutingDevice device;
    device.role = Role::contact;
    device.auth_hash = id_of<Digest>(4);
    device.mailbox = id_of<MailboxId>(5);
    device.contact = 2;
    device.kind = Kind::lawyer;
    device.person = 11;
    v.devices.push_back(device);
    device.role = Role::defender;
    device.mailbox = {};
    device.person = 0;
    device.community = 9;
    v.devices.push_back(device);
    device.role = Role::invitation;
    device.locator = Bytes(16, 1);
    device.package = Bytes(300, 2);
    v.devices.push_back(device);
    v.schedules = {{2, std::move(s)}};
    return v;
}

bool taken(Schedule s) { return decode_routing(encode(view(std::move(s)))).has_value(); }
// A schedule with one part spoilt.
template <class Spoil>
bool taken_with(Spoil spoil)
{
    Schedule s = schedule();
    spoil(s);
    return taken(std::move(s));
}

TEST(RoutingView, RoundTripsPeopleAndSchedules)
{
    const Bytes bytes = encode(view(schedule()));
    const auto decoded = decode_routing(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    ASSERT_EQ(decoded->schedules.size(), 1u);
    EXPECT_EQ(decoded->schedules[0].contact, 2u);
    EXPECT_EQ(decoded->schedules[0].schedule, schedule());
    EXPECT_EQ(decoded->devices[0].person, 11u);
    EXPECT_EQ(decoded->devices[1].community, 9u);
    EXPECT_EQ(decoded->devices[2].locator, Bytes(16, 1));
    EXPECT_EQ(decoded->devices[2].package, Bytes(300, 2));
}

TEST(RoutingView, AScheduleThatNeverEndsItsTurnIsRefused)
{
    EXPECT_TRUE(taken_with([](Schedule& s) { s.rotations[0].turn = 1h; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].turn = 0min; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].turn = 59min; }));
    EXPECT_TRUE(taken_with([](Schedule& s) { s.rotations[0].turn = 366 * 24h; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].turn = 366 * 24h + 1min; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].turn = minutes{0xFFFFFFFF}; }));
}

TEST(RoutingView, TimesBeyondEveryCalendarAreRefused)
{
    const LocalMinute last{std::chrono::local_days{std::chrono::year{9999} / 12 / 31} + 23h};
    const LocalMinute huge{minutes{INT64_MAX / 60'000}};
    const LocalMinute before{minutes{-1}};
    EXPECT_TRUE(taken_with([&](Schedule& s) { s.rotations[0].begin = last; }));
    for (const LocalMinute bad : {huge, before}) {
        EXPECT_FALSE(taken_with([&](Schedule& s) { s.rotations[0].begin = bad; }));
        EXPECT_FALSE(taken_with([&](Schedule& s) { s.overrides[0].from = bad; }));
        EXPECT_FALSE(taken_with([&](Schedule& s) { s.overrides[0].until = bad; }));
    }
}

TEST(RoutingView, HoursOfNoDayOrNoClockAreRefused)
{
    const auto hours_taken = [](DutyHours hours) {
        return taken_with([&](Schedule& s) { s.rotations[0].only = {hours}; });
    };
    EXPECT_TRUE(hours_taken({0x40, 0min, 24h}));
    EXPECT_FALSE(hours_taken({0, 8h, 20h}));
    EXPECT_FALSE(hours_taken({0x80, 8h, 20h}));
    EXPECT_FALSE(hours_taken({0xFF, 8h, 20h}));
    EXPECT_FALSE(hours_taken({0x7F, 24h, 20h}));
    EXPECT_FALSE(hours_taken({0x7F, 8h, 24h + 1min}));
    EXPECT_FALSE(hours_taken({0x7F, minutes{0xFFFFFFFF}, 20h}));
}

TEST(RoutingView, ATurnOfNobodyAndAnExceptionForNobodyAreRefused)
{
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].people.clear(); }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.rotations[0].people[1] = 0; }));
    EXPECT_TRUE(taken_with([](Schedule& s) { s.rotations[0].people[1] = 0xFFFFFFFF; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.overrides[0].on = s.overrides[0].off = 0; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.overrides[0].until = s.overrides[0].from; }));
    EXPECT_FALSE(taken_with([](Schedule& s) { s.zone.clear(); }));
}

TEST(RoutingView, ListsAreAsLongAsTheLimitsAllowAndNoLonger)
{
    const auto at_most = [](std::size_t most, auto resize) {
        EXPECT_TRUE(taken_with([&](Schedule& s) { resize(s, most); })) << most;
        EXPECT_FALSE(taken_with([&](Schedule& s) { resize(s, most + 1); })) << most;
    };
    at_most(limits::schedule_rotations_max,
            [](Schedule& s, std::size_t n) { s.rotations.resize(n, s.rotations.front()); });
    at_most(limits::schedule_overrides_max,
            [](Schedule& s, std::size_t n) { s.overrides.resize(n, s.overrides.front()); });
    at_most(limits::rotation_people_max,
            [](Schedule& s, std::size_t n) { s.rotations[0].people.resize(n, 11); });
    at_most(limits::rotation_hours_max, [](Schedule& s, std::size_t n) {
        s.rotations[0].only.resize(n, s.rotations[0].only.front());
    });
    at_most(limits::zone_name_bytes_max, [](Schedule& s, std::size_t n) { s.zone.resize(n, 'x'); });
}

TEST(RoutingView, OneContactHasOneSchedule)
{
    RoutingView v = view(schedule());
    v.schedules.push_back({3, schedule()});
    EXPECT_TRUE(decode_routing(encode(v)));
    v.schedules.push_back({2, schedule()});
    EXPECT_EQ(decode_routing(encode(v)).error(), Errc::malformed_frame);
}

// ---- the roster ----

Roster roster()
{
    Roster r;
    r.org = org;
    r.version = 1;
    r.name = "Great Lakes Protection Network";
    r.contacts = {contact(1, Kind::peer, {20}), contact(2, Kind::lawyer, {21})};
    r.contacts[1].people = {{11, "amina", "Amina Kahindo"}, {12, "joseph", "joseph"}};
    r.contacts[1].joined[0].person = 11;
    r.contacts[1].schedule = schedule();
    r.communities = {{4, "walikale-women", "Women of Walikale", "CD", {"sw"}, {1}}};
    Policy policy;
    policy.id = "arrest";
    policy.conditions = {{Category::arrest}, {Severity::extreme}, {"CD", "RW"}, {4}, true, false};
    policy.steps = {{5min, {1}, true, {}}, {5min, {2}, false, {{}, {}, {"CD"}, {}, false, true}}};
    policy.term = 2h;
    policy.repage = 5min;
    policy.desk_delay = 3min;
    policy.last_resort_interval = 15min;
    policy.life = 72h;
    r.policies = {policy};
    r.consent_kinds = {Kind::peer, Kind::lawyer};
    r.admin_box_key = box_key(30).public_key();
    return r;
}

TEST(Roster, RoundTripsPeopleSchedulesCommunitiesConditionsAndConsent)
{
    const Bytes bytes = encode(roster());
    const auto decoded = decode_roster(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    EXPECT_EQ(decoded->contacts[0].schedule, std::nullopt);
    EXPECT_EQ(decoded->contacts[1].schedule, schedule());
    EXPECT_EQ(decoded->contacts[1].people.at(0).name, "Amina Kahindo");
    EXPECT_EQ(decoded->contacts[1].joined.at(0).person, 11u);
    EXPECT_EQ(decoded->communities.at(0).peers, std::vector<std::uint32_t>{1});
    EXPECT_EQ(decoded->policies.at(0).conditions.severities, std::vector{Severity::extreme});
    EXPECT_TRUE(decoded->policies[0].steps.at(0).community_peers);
    EXPECT_TRUE(decoded->policies[0].steps.at(1).conditions.name_in_public_reports);
    EXPECT_EQ(decoded->consent_kinds, (std::vector{Kind::peer, Kind::lawyer}));
    EXPECT_EQ(decoded->admin_box_key, box_key(30).public_key());
}

TEST(Roster, WhatIsOfNoCategoryKindOrContactIsRefused)
{
    const auto refused = [](auto spoil) {
        Roster r = roster();
        spoil(r);
        const auto decoded = decode_roster(encode(r));
        return !decoded && decoded.error() == Errc::malformed_frame;
    };
    EXPECT_FALSE(refused([](Roster&) {}));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].conditions.categories = {Category{0}}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].conditions.categories = {Category{99}}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].conditions.severities = {Severity{0}}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].conditions.severities = {Severity{99}}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].conditions.communities = {5}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.policies[0].steps[1].conditions.communities = {5}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.communities[0].peers = {9}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.communities[0].number = 0; }));
    EXPECT_TRUE(refused([](Roster& r) { r.communities.push_back(r.communities[0]); }));
    EXPECT_TRUE(refused([](Roster& r) { r.consent_kinds = {Kind{99}}; }));
    EXPECT_TRUE(refused([](Roster& r) { r.contacts[1].schedule->rotations[0].turn = 0min; }));
    EXPECT_TRUE(refused([](Roster& r) { r.contacts[1].people.resize(65, {1, "x", "x"}); }));
}

} // namespace
} // namespace tocsin::protocol::test
