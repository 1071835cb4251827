// Following an alert's journal: who may, and that nothing is missed or told twice.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

using Hears = Sent::Hears;

class Following : public ::testing::Test {
protected:
    World world;
    Sent alert = world.raise();
    Visit sender = world.connect(world.sender);
    Visit day = world.connect(world.day);
    Visit night = world.connect(world.night);

    void SetUp() override
    {
        EXPECT_EQ(day.heard(), "deliver 0, ring step");
        EXPECT_EQ(night.heard(), "deliver 1, ring step");
    }

    // The journal as a follower heard it; every row once and in order, or the test fails.
    static std::vector<std::string> rows_heard(const Visit& visit)
    {
        std::vector<std::string> rows;
        for (const protocol::JournalRows& message : visit.link->all<protocol::JournalRows>()) {
            EXPECT_EQ(message.first_seq, rows.size()) << "a gap, or a row told twice";
            for (const protocol::JournalRow& row : message.rows) {
                const JournalEntry entry = protocol::decode_entry(row.entry).value();
                EXPECT_EQ(entry.seq, rows.size());
                rows.push_back(tocsin::test::show(entry.events));
            }
        }
        return rows;
    }
};

TEST_F(Following, BeginsWhereTheFollowerIsAndGoesOnByItself)
{
    world.tell(day, alert.follow_up(0));
    EXPECT_EQ(world.tell(day, alert.follow(1)), "done");
    EXPECT_EQ(day.heard(), "row 1");
    EXPECT_EQ(world.tell(night, alert.follow()), "done");
    EXPECT_EQ(night.heard(), "rows 0-1");
    const protocol::FollowUp said = alert.follow_up(0);
    world.tell(day, said);
    EXPECT_EQ(day.heard(), "row 2");
    EXPECT_EQ(night.heard(), "row 2");
    EXPECT_EQ(night.link->all<protocol::JournalRows>().back().rows.at(0).body, said.body);
}

TEST_F(Following, RowsAreThoseOfTheAlertThatIsFollowed)
{
    Sent other = world.raise();
    world.tell(day, alert.follow(1));
    day.heard();
    world.tell(night, other.follow_up(1));
    EXPECT_EQ(day.heard(), "");
    world.tell(night, alert.follow_up(1));
    EXPECT_EQ(day.heard(), "row 1");
    EXPECT_EQ(day.link->all<protocol::JournalRows>().back().alert, alert.id);
}

TEST_F(Following, WhoHasLeftHearsNothing)
{
    world.tell(day, alert.follow());
    day.heard();
    world.leave(day);
    world.tell(night, alert.follow_up(1));
    EXPECT_EQ(day.heard(), "");
}

TEST_F(Following, FollowingAgainReplacesWhatWas)
{
    world.tell(day, alert.follow());
    world.tell(day, alert.follow(1));
    day.heard();
    world.tell(night, alert.follow_up(1));
    EXPECT_EQ(day.heard(), "row 1");
}

// ---- a follower who lags ----

TEST_F(Following, ALongJournalComesInFramesThatFitAndEachRowOnce)
{
    for (int i = 0; i < 150; ++i)
        ASSERT_EQ(world.tell(day, alert.follow_up(0)), "done");
    EXPECT_EQ(world.tell(night, alert.follow()), "done");
    EXPECT_EQ(rows_heard(night).size(), 151u);
    for (const protocol::JournalRows& message : night.link->all<protocol::JournalRows>())
        EXPECT_LE(message.rows.size(), limits::journal_entries_per_frame_max);
    EXPECT_EQ(rows_heard(night), world.journal(alert.id));
}

TEST_F(Following, LargeBodiesAreSpreadOverSeveralFrames)
{
    for (int i = 0; i < 40; ++i) {
        protocol::Answer answer = alert.answer(0, Verb::accept);
        answer.note = Bytes(limits::note_sizes.back() + 40, 7);
        ASSERT_EQ(world.tell(day, alert.signed_by(answer, alert.answer_keys[0])), "done");
    }
    EXPECT_EQ(world.tell(night, alert.follow()), "done");
    EXPECT_EQ(rows_heard(night).size(), 41u);
    EXPECT_GT(night.link->all<protocol::JournalRows>().size(), 2u);
}

TEST_F(Following, WhatIsCommittedWhileTheFollowerIsBroughtUpToDateIsNeitherMissedNorToldTwice)
{
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(world.tell(day, alert.follow_up(0)), "done");
    night.link->fill();
    const Reply reply = world.begin(night, alert.follow());
    EXPECT_EQ(told(reply), "");
    world.tell(day, alert.follow_up(0)); // the pump waits for room, and this is committed
    world.tell(day, alert.answer(0, Verb::accept));
    EXPECT_EQ(night.heard(), "");
    night.link->drain();
    world.run();
    EXPECT_EQ(told(reply), "done");
    world.tell(day, alert.answer(0, Verb::resolve));
    EXPECT_EQ(rows_heard(night), world.journal(alert.id));
    EXPECT_EQ(world.journal(alert.id).size(), 104u);
}

TEST_F(Following, AskingAgainWhileBeingBroughtUpToDateTellsNothingTwice)
{
    world.tell(day, alert.follow_up(0));
    night.link->fill();
    const Reply first = world.begin(night, alert.follow());
    const Reply second = world.begin(night, alert.follow());
    night.link->drain();
    world.run();
    EXPECT_EQ(told(first), "done");
    EXPECT_EQ(told(second), "done");
    EXPECT_EQ(rows_heard(night), world.journal(alert.id));
}

TEST_F(Following, IfTheJournalCannotBeReadTheFollowerIsToldAndMayAskAgain)
{
    world.store.read_fault = Errc::storage_failed;
    EXPECT_EQ(world.tell(night, alert.follow()), "storage_failed");
    EXPECT_EQ(night.heard(), "");
    world.store.read_fault.reset();
    EXPECT_EQ(world.tell(night, alert.follow()), "done");
    EXPECT_EQ(night.heard(), "row 0");
}

// ---- the sender ----

TEST_F(Following, TheSenderMustProveTheOwnerKey)
{
    protocol::Follow follow = alert.follow_as_owner(sender, Hears::until_cancelled);
    follow.owner_signature =
        protocol::sign_follow(alert.answer_keys[0], sender.peer->channel_binding, alert.id, false);
    EXPECT_EQ(world.tell(sender, follow), "invalid_signature");
    const Sent other = world.raise();
    follow = other.follow_as_owner(sender, Hears::until_cancelled);
    follow.alert = alert.id;
    EXPECT_EQ(world.tell(sender, follow), "invalid_signature");
    EXPECT_EQ(world.tell(sender, alert.follow()), "not_authorised") << "without any proof";
    EXPECT_EQ(sender.heard(), "");
}

TEST_F(Following, AProofOverheardOnOneLinkIsWorthNothingOnAnother)
{
    const protocol::Follow follow = alert.follow_as_owner(sender, Hears::until_cancelled);
    EXPECT_EQ(world.tell(sender, follow), "done");
    EXPECT_EQ(world.tell(day, follow), "invalid_signature");
    const Visit again = world.connect(world.sender);
    EXPECT_EQ(world.tell(again, follow), "invalid_signature");
    EXPECT_EQ(again.heard(), "");
}

TEST_F(Following, AProofForTheTimeUntilACancelDoesNotOpenTheOutcome)
{
    protocol::Follow follow = alert.follow_as_owner(sender, Hears::until_cancelled);
    follow.outcome = true;
    EXPECT_EQ(world.tell(sender, follow), "invalid_signature");
}

TEST_F(Following, AfterItsCancelTheSenderHearsNothingAndItsRecipientsHearAll)
{
    world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled));
    world.tell(day, alert.follow());
    EXPECT_EQ(sender.heard(), "row 0");
    EXPECT_EQ(day.heard(), "row 0");
    world.tell(sender, alert.answer(author_owner, Verb::cancel));
    EXPECT_EQ(sender.heard(), "row 1") << "its own cancel is taken";
    EXPECT_EQ(day.heard(), "row 1");

    world.tell(day, alert.follow_up(0));
    world.tell(night, protocol::Delivered{{alert.id}});
    world.tell(day, alert.opened(0));
    world.tell(day, alert.answer(0, Verb::confirm_cancel));
    EXPECT_EQ(sender.heard(), "") << "a screen under duress must not tell";
    EXPECT_EQ(day.heard(), "row 2, row 3");
}

TEST_F(Following, WhoFollowsAnewAfterItsCancelHearsUpToItAndNoMarks)
{
    world.tell(day, protocol::Delivered{{alert.id}});
    world.tell(sender, alert.answer(author_owner, Verb::cancel));
    world.tell(day, alert.follow_up(0));
    EXPECT_EQ(world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled)), "done");
    EXPECT_EQ(sender.heard(), "rows 0-1");
    world.restart();
    const Visit again = world.connect(world.sender);
    world.tell(again, alert.follow_as_owner(again, Hears::until_cancelled));
    EXPECT_EQ(again.heard(), "rows 0-1") << "nor from a relay that read the alert back";
    const Visit third = world.connect(world.sender);
    world.tell(third, alert.follow_as_owner(third, Hears::until_cancelled, 2));
    EXPECT_EQ(third.heard(), "");
}

TEST_F(Following, AfterATrueUnlockTheSenderHearsWhatBecameOfItsCancel)
{
    world.tell(sender, alert.answer(author_owner, Verb::cancel));
    EXPECT_EQ(world.tell(sender, alert.follow_as_owner(sender, Hears::outcome)), "done");
    EXPECT_EQ(sender.heard(), "rows 0-1");
    world.tell(day, alert.answer(0, Verb::confirm_cancel));
    EXPECT_EQ(sender.heard(), "row 2");
    EXPECT_EQ(rows_heard(sender).back(), "Answered, Closed{cancelled}");
}

// ---- marks ----

TEST_F(Following, MarksReachTheSenderAndNobodyElse)
{
    world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled));
    world.tell(night, alert.follow());
    sender.heard();
    night.heard();
    world.tell(day, protocol::Delivered{{alert.id}});
    EXPECT_EQ(sender.heard(), "marks 0:3");
    world.tell(day, alert.opened(0));
    EXPECT_EQ(sender.heard(), "marks 0:4");
    const protocol::Marks marks = sender.link->all<protocol::Marks>().back();
    EXPECT_EQ(marks.alert, alert.id);
    EXPECT_EQ(marks.marks.at(0).signature, alert.opened(0).signature);
    EXPECT_EQ(night.heard(), "");
}

TEST_F(Following, WhoeverFollowsLaterIsToldTheMarksSoFar)
{
    world.tell(day, protocol::Delivered{{alert.id}});
    world.tell(night, alert.opened(1));
    world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled));
    EXPECT_EQ(sender.heard(), "row 0, marks 0:3 1:4");
    world.restart();
    const Visit again = world.connect(world.sender);
    world.tell(again, alert.follow_as_owner(again, Hears::until_cancelled, 1));
    EXPECT_EQ(again.heard(), "marks 0:3 1:4");
}

TEST_F(Following, MarksOfSeveralAlertsGoEachToItsSender)
{
    const Sent other = world.raise();
    const Visit another = world.connect(world.lawyer);
    world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled));
    world.tell(another, other.follow_as_owner(another, Hears::until_cancelled));
    sender.heard();
    another.heard();
    world.tell(day, protocol::Delivered{{other.id, alert.id}});
    EXPECT_EQ(sender.heard(), "marks 0:3");
    EXPECT_EQ(sender.link->all<protocol::Marks>().back().alert, alert.id);
    EXPECT_EQ(another.heard(), "marks 0:3");
    EXPECT_EQ(another.link->all<protocol::Marks>().back().alert, other.id);
}

TEST_F(Following, ACancelledSenderHearsNoMarksEvenWhenTheRelayHasForgottenTheAlert)
{
    world.tell(sender, alert.follow_as_owner(sender, Hears::until_cancelled));
    world.tell(sender, alert.answer(author_owner, Verb::cancel));
    sender.heard();
    world.store.hold();
    const Reply failed = world.begin(night, alert.follow_up(1));
    const Reply marked = world.begin(day, protocol::Delivered{{alert.id}});
    world.store.fail(Errc::storage_failed); // of the follow-up: the alert will be read anew
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(failed), "storage_failed");
    EXPECT_EQ(told(marked), "done");
    EXPECT_EQ(sender.heard(), "");
}

} // namespace
} // namespace tocsin::service::test
