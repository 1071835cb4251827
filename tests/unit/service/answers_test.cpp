// What people say: signatures, authors and sizes are checked before anything is decided.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

class Answers : public ::testing::Test {
protected:
    World world;
    Sent alert = world.raise();
    Visit day = world.connect(world.day);

    void TearDown() override
    {
        if (refused) {
            EXPECT_EQ(world.journal(alert.id).size(), 1u) << "nothing was taken";
        }
    }
    bool refused = true; // every word of this test
};

TEST_F(Answers, AnAnswerSignedWithAnotherSlotsKeyIsRefused)
{
    protocol::Answer answer = alert.answer(0, Verb::accept);
    answer = alert.signed_by(std::move(answer), alert.answer_keys[1]);
    EXPECT_EQ(world.tell(day, answer), "invalid_signature");
    EXPECT_EQ(world.telemetry.count("answer.invalid_signature"), 1u);
}

TEST_F(Answers, AnAnswerThatWasAlteredOnTheWayIsRefused)
{
    const protocol::Answer answer = alert.answer(0, Verb::accept, 0, 60s);
    auto altered = answer;
    altered.answered.verb = Verb::decline;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = answer;
    altered.answered.number += 1;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = answer;
    altered.answered.term = 3600s;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = answer;
    altered.answered.target = 1;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = answer;
    altered.answered.author = 1;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
}

TEST_F(Answers, AnAnswerWithAnotherNoteThanTheSignedOneIsRefused)
{
    protocol::Answer answer = alert.answer(0, Verb::accept);
    answer.note[0] ^= 1;
    EXPECT_EQ(world.tell(day, answer), "invalid_signature");
}

TEST_F(Answers, AnAnswerToAnotherAlertIsRefused)
{
    Sent other = world.raise();
    protocol::Answer answer = other.answer(0, Verb::accept);
    answer.alert = alert.id;
    EXPECT_EQ(world.tell(day, answer), "invalid_signature");
}

TEST_F(Answers, ACancelNotSignedByTheOwnerIsRefused)
{
    protocol::Answer cancel = alert.answer(author_owner, Verb::cancel);
    cancel = alert.signed_by(std::move(cancel), alert.answer_keys[0]);
    EXPECT_EQ(world.tell(day, cancel), "invalid_signature");
}

TEST_F(Answers, AnAuthorThatThePlanDoesNotKnowIsRefused)
{
    protocol::Answer answer = alert.answer(0, Verb::accept);
    answer.answered.author = 3;
    answer = alert.signed_by(std::move(answer), alert.answer_keys[0]);
    EXPECT_EQ(world.tell(day, answer), "not_authorised");
    protocol::FollowUp follow_up = alert.follow_up(0);
    follow_up.followed_up.author = 3;
    EXPECT_EQ(world.tell(day, follow_up), "not_authorised");
}

TEST_F(Answers, ASlotThatIsNotOpenYetMayNotSpeakThoughItsSignatureHolds)
{
    EXPECT_EQ(world.tell(day, alert.answer(2, Verb::accept)), "not_authorised");
}

TEST_F(Answers, ARevokedDeviceMayNotSpeakThoughItsSignatureHolds)
{
    world.day.revoked = true;
    const Visit admin = world.connect(world.admin);
    ASSERT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(t0)}), "done");
    EXPECT_EQ(world.tell(admin, alert.answer(0, Verb::accept)), "not_authorised");
}

TEST_F(Answers, AFollowUpSignedByAnotherOrWithAnotherBodyIsRefused)
{
    const protocol::FollowUp first = alert.follow_up(0);
    auto altered = first;
    altered.body[0] ^= 1;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = first;
    protocol::sign_follow_up(altered.followed_up, alert.answer_keys[1], alert.header_hash);
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
    altered = first;
    altered.followed_up.number = 2;
    EXPECT_EQ(world.tell(day, altered), "invalid_signature");
}

TEST_F(Answers, NotesAndFollowUpsHaveOneOfTwoSizesOrAreRefused)
{
    const std::size_t overhead = 24 + 16; // nonce and tag
    for (const std::size_t size : {0, 1, 511, 512, 551, 553, 4096, 4135, 4137, 60'000}) {
        protocol::Answer answer = alert.answer(0, Verb::accept);
        answer.note = Bytes(size, 7);
        EXPECT_EQ(world.tell(day, alert.signed_by(answer, alert.answer_keys[0])), "malformed_frame")
            << size;
        protocol::FollowUp follow_up = alert.follow_up(0);
        follow_up.body = Bytes(size, 7);
        EXPECT_EQ(world.tell(day, follow_up), "malformed_frame") << size;
    }
    refused = false;
    for (const std::size_t size : limits::note_sizes) {
        protocol::Answer answer = alert.answer(0, Verb::accept);
        answer.note = Bytes(size + overhead, 7);
        EXPECT_EQ(world.tell(day, alert.signed_by(answer, alert.answer_keys[0])), "done") << size;
    }
}

TEST_F(Answers, OpenedIsTakenFromTheSlotThatSignedItAndFromNoOther)
{
    protocol::Opened opened = alert.opened(1);
    EXPECT_EQ(world.tell(day, opened), "invalid_signature") << "slot 0 says that slot 1 opened it";
    Sent other = world.raise();
    opened = other.opened(0);
    opened.alert = alert.id;
    EXPECT_EQ(world.tell(day, opened), "invalid_signature");
    EXPECT_EQ(world.tell(day, alert.opened(0)), "done");
    const std::vector<store::Mark> marks = world.wait_for(world.memory.load(alert.id)).value().marks;
    ASSERT_EQ(marks.size(), 2u);
    EXPECT_EQ(marks[0].state, DeliveryState::opened);
    EXPECT_EQ(Signature::from(marks[0].signature), alert.opened(0).signature);
    EXPECT_EQ(marks[1].state, DeliveryState::queued);
}

TEST_F(Answers, OfAnAlertThatIsNotHereNothingIsTaken)
{
    Sent unknown = world.seal(world.plan());
    EXPECT_EQ(world.tell(day, unknown.answer(0, Verb::accept)), "not_found");
    EXPECT_EQ(world.tell(day, unknown.follow_up(0)), "not_found");
    EXPECT_EQ(world.tell(day, unknown.opened(0)), "not_found");
    EXPECT_EQ(world.tell(day, unknown.follow()), "not_found");
    EXPECT_EQ(world.tell(day, protocol::CannotOpen{unknown.id}), "not_found");
}

TEST_F(Answers, TheSameAnswerAgainGetsTheSameReplyAndIsWrittenOnce)
{
    refused = false;
    const protocol::Answer accept = alert.answer(0, Verb::accept);
    EXPECT_EQ(world.tell(day, accept), "done");
    EXPECT_EQ(world.tell(day, accept), "done");
    world.restart();
    EXPECT_EQ(world.tell(world.connect(world.night), accept), "done") << "over any link";
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
}

TEST_F(Answers, AFollowUpBeyondTheBoundIsRefused)
{
    protocol::FollowUp follow_up = alert.follow_up(0);
    follow_up.followed_up.number = limits::follow_ups_per_alert_max + 1;
    EXPECT_EQ(world.tell(day, follow_up), "too_large");
}

TEST_F(Answers, ADeviceThatCannotOpenCountsAsNobody)
{
    refused = false;
    const Visit night = world.connect(world.night);
    EXPECT_EQ(world.tell(day, protocol::CannotOpen{alert.id}), "done");
    EXPECT_EQ(world.telemetry.last("delivery.cannot_open").level, Level::alarm);
    EXPECT_EQ(world.tell(night, protocol::CannotOpen{alert.id}), "done");
    EXPECT_EQ(world.journal(alert.id),
              (std::vector<std::string>{
                  "AlertStored, StepOpened{0, 0, start}, Paged{step, [0 1]}", "SlotFailed{0}",
                  "SlotFailed{1}, StepOpened{1, 0, skipped}, Paged{step, [2]}"}))
        << "with nobody left who can read it, the next step opens at once";
}

} // namespace
} // namespace tocsin::service::test
