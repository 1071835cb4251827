// The auditor over a real store: what it says while the rest of the relay works, sleeps or is
// wrong.
#include "relay/service/auditor.hpp"
#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

void rethrow_defect(std::exception_ptr defect)
{
    if (defect) std::rethrow_exception(defect);
}

class Audit : public ::testing::Test {
protected:
    World world;
    Visit day = world.connect(world.day);
    Auditor auditor{world.store, world.clock, world.telemetry, {}};

    void start()
    {
        asio::co_spawn(world.io, auditor.run(), rethrow_defect);
        world.run();
    }
    ~Audit() override
    {
        auditor.stop();
        world.store.list_fault.reset();
        for (int i = 0; i < 3; ++i)
            world.advance(1h); // whoever sleeps wakes and sees that it is over
    }
    const RecordingTelemetry::Note& alarm() { return world.telemetry.last("audit.overdue"); }
    std::size_t count(std::string_view code) { return world.telemetry.count(code); }
};

TEST_F(Audit, SaysNothingBeforeItsFirstSweep)
{
    start();
    world.advance(4'999ms);
    EXPECT_FALSE(auditor.last().has_value());
    EXPECT_FALSE(auditor.all_well()) << "nobody has looked yet";
    world.advance(1ms);
    ASSERT_TRUE(auditor.last().has_value());
    EXPECT_EQ(auditor.last()->open, 0u);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, IsContentWhileEverythingIsDoneInTime)
{
    world.start_escalator();
    start();
    Sent alert = world.raise();
    for (int i = 0; i < 60; ++i) {
        world.advance(10s);
        EXPECT_EQ(auditor.all_well(), true) << i;
    }
    EXPECT_EQ(auditor.last()->open, 1u);
    EXPECT_EQ(count("audit.overdue"), 0u);
    world.tell(day, alert.answer(0, Verb::accept));
    world.advance(40s);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, RaisesOneAlarmWhenTheSchedulerSleepsAndSaysWhenItIsOver)
{
    start();
    const Sent one = world.raise();
    const Sent two = world.raise();
    world.advance(35s); // the check of rule 2 was due at 30 s, and is five seconds late
    EXPECT_TRUE(auditor.all_well());
    world.advance(36s);
    EXPECT_FALSE(auditor.all_well());
    ASSERT_EQ(count("audit.overdue"), 1u);
    EXPECT_EQ(alarm().level, Level::alarm);
    EXPECT_EQ(alarm().fields.at("alerts"), 2);
    EXPECT_EQ(alarm().fields.at("late_ms"), 38'000);
    EXPECT_EQ(alarm().fields.size(), 2u) << "numbers, and never which alert";
    world.advance(5min);
    EXPECT_EQ(count("audit.overdue"), 1u);
    EXPECT_EQ(auditor.last()->overdue, 2u);

    world.start_escalator();
    world.advance(1s);
    EXPECT_FALSE(auditor.all_well()) << "not before it has looked";
    world.advance(35s);
    EXPECT_TRUE(auditor.all_well());
    EXPECT_EQ(count("audit.recovered"), 1u);
    EXPECT_EQ(auditor.last()->overdue, 0u);
}

TEST_F(Audit, FindsAnAlertWhoseDeadlineWasLost)
{
    world.start_escalator();
    start();
    const Sent alert = world.raise();
    world.advance(1s);
    // A scheduler that is wrong: the alert goes on, and is never due again.
    const store::StoredAlert stored = world.wait_for(world.memory.load(alert.id)).value();
    const JournalEntry nothing{.seq = stored.rows.size(), .at = world.clock.now(), .events = {}};
    store::Append change{.id = alert.id,
                         .expected_version = stored.position.version,
                         .rows = {{protocol::encode(nothing), {}}},
                         .position = stored.position,
                         .openings = {},
                         .closed_at = {}};
    change.position.version += 1;
    change.position.head = protocol::next_head(stored.position.head, change.rows[0].entry);
    change.position.deadline.reset();
    ASSERT_TRUE(world.wait_for(world.memory.append(std::move(change))));
    world.advance(2min);
    EXPECT_EQ(count("audit.overdue"), 1u);
    EXPECT_FALSE(auditor.all_well());
}

TEST_F(Audit, WhatWasMadeUpForBeforeTheSecondLookIsNoAlarm)
{
    start();
    const Sent alert = world.raise();
    world.advance(5s);
    // The machine sleeps for an hour; on waking the auditor happens to be first.
    world.clock.set(world.clock.now() + 1h);
    world.run();
    world.start_escalator();
    world.advance(10s);
    EXPECT_EQ(count("audit.overdue"), 0u);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, ClosedAlertsAreNobodysConcern)
{
    start();
    Sent alert = world.raise();
    world.tell(day, alert.answer(0, Verb::accept));
    world.tell(day, alert.answer(0, Verb::resolve));
    world.advance(1h);
    EXPECT_EQ(auditor.last()->open, 0u);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, ADamagedAlertIsCountedAndToldOnce)
{
    world.start_escalator();
    start();
    const Sent sound = world.raise();
    const Sent damaged = world.raise();
    world.store.damaged.insert(damaged.id);
    world.advance(3min);
    ASSERT_TRUE(auditor.last().has_value());
    EXPECT_EQ(auditor.last()->open, 2u);
    EXPECT_EQ(auditor.last()->unreadable, 1u);
    EXPECT_FALSE(auditor.all_well());
    EXPECT_EQ(count("audit.unreadable"), 1u);
    EXPECT_EQ(world.telemetry.last("audit.unreadable").fields.at("alerts"), 1);
    world.store.damaged.clear();
    world.advance(40s);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, AJournalThatIsNotItsHeadsIsUnreadable)
{
    start();
    const Sent alert = world.raise();
    store::StoredAlert stored = world.wait_for(world.memory.load(alert.id)).value();
    const JournalEntry forged{.seq = 1, .at = world.clock.now(), .events = {HoldBegan{}}};
    store::Append change{.id = alert.id,
                         .expected_version = 1,
                         .rows = {{protocol::encode(forged), {}}},
                         .position = stored.position,
                         .openings = {},
                         .closed_at = {}};
    change.position.version = 2;
    ASSERT_TRUE(world.wait_for(world.memory.append(std::move(change))));
    world.advance(10s);
    EXPECT_EQ(auditor.last()->unreadable, 1u);
}

TEST_F(Audit, AStoreThatFailsMakesNoFindingsAndIsNotWell)
{
    start();
    world.advance(5s);
    ASSERT_TRUE(auditor.all_well());
    world.store.list_fault = Errc::storage_failed;
    world.advance(2min);
    EXPECT_FALSE(auditor.all_well());
    EXPECT_EQ(count("audit.failed"), 1u) << "told once";
    EXPECT_EQ(world.telemetry.last("audit.failed").error, Errc::storage_failed);
    world.store.list_fault.reset();
    world.advance(30s);
    EXPECT_TRUE(auditor.all_well());
}

TEST_F(Audit, ManyAlertsAreLookedAtInSmallBites)
{
    world.start_escalator();
    for (int i = 0; i < 100; ++i)
        (void)world.raise();
    const std::size_t before = world.store.listings;
    start();
    world.advance(5s);
    EXPECT_EQ(world.store.listings, before + 1) << "a bite, and a pause";
    EXPECT_FALSE(auditor.last().has_value());
    world.advance(200ms);
    ASSERT_TRUE(auditor.last().has_value());
    EXPECT_EQ(auditor.last()->open, 100u);
    EXPECT_EQ(auditor.last()->ended - auditor.last()->begun, 50ms);
}

TEST_F(Audit, AnAuditorThatHangsIsNotWell)
{
    start();
    world.advance(5s);
    ASSERT_TRUE(auditor.all_well());
    auditor.stop();
    world.run();
    world.advance(91s);
    EXPECT_FALSE(auditor.all_well());
}

} // namespace
} // namespace tocsin::service::test
