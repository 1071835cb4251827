#include "client-lib/protocol/timeline.hpp"

#include "client-lib/protocol/seal.hpp"
#include "tests/unit/protocol/example.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <map>

namespace tocsin::protocol {
namespace {

using namespace std::chrono_literals;
using example::id_of;
using example::now;
using example::Seed;
using example::sign_key;
using example::World;
using State = Timeline::State;

constexpr std::chrono::milliseconds tolerance = 5s;

// A relay that writes whatever the test wants, and people who sign.
class TimelineTest : public testing::Test {
protected:
    World world{3};
    SealedAlert sealed = world.sealed();
    Envelope envelope = parse_envelope(sealed.envelope, now).value();
    Timeline timeline{envelope.header, envelope.plan, envelope.header_hash, now};
    std::vector<JournalRow> rows;
    std::map<Author, std::uint32_t> numbers;

    Answered signed_by(Author author, Verb verb, std::uint32_t target = 0,
                       std::chrono::seconds term = 0s)
    {
        Answered answer{author, verb, ++numbers[author], term, target, id_of<Digest>(0x11), {}};
        sign_answer(answer, key_of_author(author), envelope.header_hash);
        return answer;
    }
    static crypto::SignKey key_of_author(Author author)
    {
        return author == author_owner ? sign_key(Seed::owner_key)
                                      : sign_key(Seed::answer_key, author);
    }
    JournalRow row(std::chrono::seconds after, std::vector<Event> events) const
    {
        return {encode(JournalEntry{rows.size(), now + after, std::move(events)}), {}};
    }
    Result<void> say(std::chrono::seconds after, std::vector<Event> events)
    {
        rows.push_back(row(after, std::move(events)));
        return timeline.take(rows.size() - 1, {rows.back()});
    }
    void start()
    {
        ASSERT_TRUE(say(
            0s, {AlertStored{envelope.digest}, StepOpened{}, Paged{PageCause::step, {0}, false}}));
    }
    std::vector<Alarm> alarms(std::chrono::seconds after) const
    {
        return timeline.alarms(now + after, tolerance);
    }
};

using Alarms = std::vector<Alarm>;

TEST_F(TimelineTest, AnHonestEscalationRaisesNoAlarm)
{
    EXPECT_EQ(timeline.state(), State::waiting);
    start();
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(120s), Alarms{});
    ASSERT_TRUE(say(120s, {StepOpened{1, 0, StepCause::delay, false}}));
    EXPECT_EQ(timeline.step(), 1);
    ASSERT_TRUE(say(130s, {signed_by(1, Verb::accept), HoldBegan{}}));
    EXPECT_EQ(timeline.state(), State::acknowledged);
    EXPECT_EQ(timeline.holders(), std::vector<std::uint16_t>{1});
    EXPECT_EQ(timeline.last_number(1), 1u);
    EXPECT_EQ(alarms(130s + 30min), Alarms{});
    ASSERT_TRUE(say(20min, {signed_by(1, Verb::resolve), Closed{Outcome::resolved}}));
    EXPECT_EQ(timeline.state(), State::resolved);
    EXPECT_EQ(alarms(24h), Alarms{});
}

// ---- the chain ----

TEST_F(TimelineTest, AlteredReorderedAndMissingRowsAreSeen)
{
    start();
    ASSERT_TRUE(say(120s, {StepOpened{1, 0, StepCause::delay, false}}));
    EXPECT_TRUE(timeline.take(0, rows)); // The same again.

    Timeline reordered(envelope.header, envelope.plan, envelope.header_hash, now);
    EXPECT_EQ(reordered.take(0, {rows[1], rows[0]}).error(), Errc::relay_forged);
    EXPECT_EQ(reordered.alarms(now, tolerance), Alarms{Alarm::chain_broken});

    Timeline gap(envelope.header, envelope.plan, envelope.header_hash, now);
    EXPECT_EQ(gap.take(1, {rows[1]}).error(), Errc::stale);
    EXPECT_EQ(gap.take(0, {rows[1]}).error(), Errc::relay_forged);

    std::vector<JournalRow> altered = rows;
    altered[0] = {encode(JournalEntry{0, now + 1s, {AlertStored{envelope.digest}, StepOpened{}}}),
                  {}};
    EXPECT_EQ(timeline.take(0, altered).error(), Errc::relay_forged);
    EXPECT_EQ(timeline.alarms(now + 120s, tolerance), Alarms{Alarm::chain_broken});
    EXPECT_EQ(timeline.size(), 2u);
}

TEST_F(TimelineTest, TheFirstRowIsTheOneTheReceiptNames)
{
    const JournalRow first =
        row(0s, {AlertStored{envelope.digest}, StepOpened{}, Paged{PageCause::step, {0}, false}});
    ReceiptFacts facts{envelope.header.alert,
                       envelope.digest,
                       now,
                       {},
                       next_head(envelope.header_hash, first.entry)};
    ASSERT_TRUE(timeline.take_receipt(facts));
    EXPECT_EQ(timeline.take(0, {row(1s, {AlertStored{envelope.digest}, StepOpened{}})}).error(),
              Errc::relay_forged);

    Timeline after(envelope.header, envelope.plan, envelope.header_hash, now);
    ASSERT_TRUE(after.take(0, {first}));
    EXPECT_EQ(after.head(), facts.journal_head);
    EXPECT_TRUE(after.take_receipt(facts));
    facts.journal_head = id_of<Digest>(1);
    EXPECT_EQ(after.take_receipt(facts).error(), Errc::relay_forged);
    facts.alert = id_of<AlertId>(1);
    EXPECT_EQ(after.take_receipt(facts).error(), Errc::conflict);
}

TEST_F(TimelineTest, AStepLeftOutIsSeen)
{
    start();
    EXPECT_EQ(say(5s, {PlanExhausted{}}).error(), Errc::relay_forged);
    Timeline other(envelope.header, envelope.plan, envelope.header_hash, now);
    rows.clear();
    rows.push_back(
        row(0s, {AlertStored{envelope.digest}, StepOpened{1, 0, StepCause::start, false}}));
    EXPECT_EQ(other.take(0, rows).error(), Errc::relay_forged);
}

TEST_F(TimelineTest, ARefusedRowChangesNothing)
{
    start();
    const Digest head = timeline.head();
    EXPECT_FALSE(say(1s, {StepOpened{1, 0, StepCause::delay, false},
                          StepOpened{1, 0, StepCause::delay, false}}));
    EXPECT_EQ(timeline.head(), head);
    EXPECT_EQ(timeline.step(), 0);
    EXPECT_EQ(timeline.size(), 1u);
}

// ---- words ----

TEST_F(TimelineTest, AnAnswerTheRelayMadeUpIsForged)
{
    start();
    Answered forged = signed_by(0, Verb::accept);
    sign_answer(forged, sign_key(Seed::relay), envelope.header_hash);
    EXPECT_EQ(say(5s, {forged, HoldBegan{}}).error(), Errc::relay_forged);
    EXPECT_EQ(alarms(5s), Alarms{Alarm::forged_word});
    EXPECT_EQ(timeline.state(), State::escalating);
}

TEST_F(TimelineTest, AnAnswerOfAnotherAlertOrAnotherSlotIsForged)
{
    start();
    Answered elsewhere = signed_by(0, Verb::accept);
    sign_answer(elsewhere, sign_key(Seed::answer_key, 0), id_of<Digest>(0x99));
    EXPECT_EQ(say(5s, {elsewhere}).error(), Errc::relay_forged);
    rows.pop_back();
    Answered other = signed_by(0, Verb::accept);
    other.author = 1;
    EXPECT_EQ(say(5s, {other}).error(), Errc::relay_forged);
    rows.pop_back();
    other.author = 3; // no such slot
    EXPECT_EQ(say(5s, {other}).error(), Errc::relay_forged);
}

TEST_F(TimelineTest, AReplayedAnswerIsForged)
{
    start();
    const Answered accept = signed_by(0, Verb::accept);
    ASSERT_TRUE(say(5s, {accept, HoldBegan{}}));
    ASSERT_TRUE(say(30min + 5s, {Lapsed{0}, HoldEnded{HoldEndCause::lapsed}}));
    EXPECT_EQ(say(30min + 6s, {accept, HoldBegan{}}).error(), Errc::relay_forged);
    EXPECT_EQ(timeline.state(), State::escalating);
}

TEST_F(TimelineTest, ABodyIsTheOneThatWasSignedOrDestroyed)
{
    start();
    const Bytes note(552, 5);
    Answered answer{0, Verb::accept, 1, {}, 0, note_hash(note), {}};
    sign_answer(answer, key_of_author(0), envelope.header_hash);
    JournalRow good = row(5s, {answer, HoldBegan{}});
    JournalRow other = good;
    other.body = Bytes(552, 6);
    EXPECT_EQ(timeline.take(1, {other}).error(), Errc::relay_forged);
    Timeline destroyed = timeline;
    EXPECT_TRUE(destroyed.take(1, {good}));
    good.body = note;
    EXPECT_TRUE(timeline.take(1, {good}));
}

TEST_F(TimelineTest, AMissingFollowUpIsSeen)
{
    start();
    const auto follow_up = [&](std::uint32_t number, const Digest& previous, const Digest& hash) {
        FollowedUp word{author_owner, number, previous, hash, {}};
        sign_follow_up(word, sign_key(Seed::owner_key), envelope.header_hash);
        return word;
    };
    const auto first = id_of<Digest>(1);
    const auto third = id_of<Digest>(3);
    ASSERT_TRUE(say(1s, {follow_up(1, {}, first)}));
    EXPECT_EQ(alarms(1s), Alarms{});
    ASSERT_TRUE(say(2s, {follow_up(3, id_of<Digest>(2), third)}));
    EXPECT_EQ(alarms(2s), Alarms{Alarm::lost_follow_up});
    EXPECT_EQ(say(3s, {follow_up(3, id_of<Digest>(2), third)}).error(), Errc::relay_forged);
    rows.pop_back();
    FollowedUp forged = follow_up(4, third, first);
    forged.body_hash = third;
    EXPECT_EQ(say(3s, {forged}).error(), Errc::relay_forged);
}

TEST_F(TimelineTest, OpenedIsShownOnlyWhenTheSlotSignedIt)
{
    const Signature good = sign_opened(sign_key(Seed::answer_key, 1), envelope.header_hash);
    EXPECT_FALSE(timeline.take_opened(0, good, now));
    EXPECT_FALSE(timeline.take_opened(9, good, now));
    EXPECT_TRUE(timeline.take_opened(1, good, now + 1s));
    EXPECT_TRUE(timeline.take_opened(1, good, now + 9s));
    EXPECT_EQ(timeline.opened()[1], now + 1s);
    EXPECT_FALSE(timeline.opened()[0]);
}

// ---- what stops escalation ----

TEST_F(TimelineTest, AHoldThatNobodySignedIsAnAlarmAndStopsNoClock)
{
    start();
    ASSERT_TRUE(say(10s, {HoldBegan{}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(10s), Alarms{Alarm::stopped_unsigned});
    EXPECT_EQ(alarms(126s), (Alarms{Alarm::stopped_unsigned, Alarm::relay_late}));
}

TEST_F(TimelineTest, AHoldBelowTheQuorumIsAnAlarm)
{
    envelope.plan.quorum = {{Kind::any, 2}};
    timeline = Timeline(envelope.header, envelope.plan, envelope.header_hash, now);
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept)}));
    EXPECT_EQ(timeline.state(), State::escalating);
    ASSERT_TRUE(say(11s, {HoldBegan{}}));
    EXPECT_EQ(alarms(11s), Alarms{Alarm::stopped_unsigned});
    ASSERT_TRUE(say(20s, {signed_by(1, Verb::accept), HoldBegan{}}));
    EXPECT_EQ(timeline.state(), State::acknowledged);
}

TEST_F(TimelineTest, SilenceAfterAPromiseLapsedIsAnAlarm)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept, 0, 600s), HoldBegan{}}));
    EXPECT_EQ(alarms(610s), Alarms{});
    EXPECT_EQ(timeline.state_at(now + 609s), State::acknowledged);
    EXPECT_EQ(timeline.state_at(now + 611s), State::escalating);
    EXPECT_EQ(alarms(616s), Alarms{Alarm::stopped_unsigned});
    // The journal shows that it went on: the step has what remained of its delay.
    ASSERT_TRUE(say(610s, {Lapsed{0}, HoldEnded{HoldEndCause::lapsed}}));
    EXPECT_EQ(alarms(616s), Alarms{});
    EXPECT_EQ(alarms(720s), Alarms{});
    EXPECT_EQ(alarms(726s), Alarms{Alarm::relay_late});
}

TEST_F(TimelineTest, ARenewalKeepsTheHold)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept, 0, 600s), HoldBegan{}}));
    ASSERT_TRUE(say(500s, {signed_by(0, Verb::renew, 0, 600s)}));
    EXPECT_EQ(alarms(1100s), Alarms{});
    EXPECT_EQ(alarms(1106s), Alarms{Alarm::stopped_unsigned});
}

TEST_F(TimelineTest, AHandOverEndsTheGiversPromiseWhenTheOtherAccepts)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept), HoldBegan{}}));
    ASSERT_TRUE(say(20s, {signed_by(0, Verb::hand_over, 1)}));
    EXPECT_EQ(timeline.holders(), std::vector<std::uint16_t>{0});
    ASSERT_TRUE(say(30s, {signed_by(2, Verb::accept)}));
    EXPECT_EQ(timeline.holders(), std::vector<std::uint16_t>{1});
}

TEST_F(TimelineTest, AManualEscalationAsksForANewWord)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept), HoldBegan{}}));
    ASSERT_TRUE(
        say(20s, {signed_by(author_owner, Verb::escalate, 0), HoldEnded{HoldEndCause::escalated},
                  StepOpened{1, 0, StepCause::by_hand, false}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    ASSERT_TRUE(say(30s, {HoldBegan{}}));
    EXPECT_EQ(alarms(30s), Alarms{Alarm::stopped_unsigned});
}

TEST_F(TimelineTest, AnEndWithoutItsWordsIsAnAlarmAndNoEnd)
{
    start();
    ASSERT_TRUE(say(10s, {Closed{Outcome::resolved}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(10s), Alarms{Alarm::stopped_unsigned});
    EXPECT_EQ(alarms(126s), (Alarms{Alarm::stopped_unsigned, Alarm::relay_late}));
}

TEST_F(TimelineTest, OnlyAHolderResolves)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::resolve), Closed{Outcome::resolved}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(10s), Alarms{Alarm::stopped_unsigned});
}

TEST_F(TimelineTest, ACancelEndsTheAlertOnceARecipientConfirmed)
{
    start();
    ASSERT_TRUE(say(10s, {signed_by(author_owner, Verb::cancel)}));
    EXPECT_EQ(timeline.state(), State::cancelling);
    Timeline unconfirmed = timeline;
    const JournalRow closed = row(20s, {Closed{Outcome::cancelled}});
    ASSERT_TRUE(unconfirmed.take(2, {closed}));
    EXPECT_EQ(unconfirmed.alarms(now + 20s, tolerance), Alarms{Alarm::stopped_unsigned});

    ASSERT_TRUE(say(20s, {signed_by(1, Verb::confirm_cancel), Closed{Outcome::cancelled}}));
    EXPECT_EQ(timeline.state(), State::cancelled);
    EXPECT_EQ(alarms(20s), Alarms{});
}

TEST_F(TimelineTest, AConfirmationWithoutACancelEndsNothing)
{
    start();
    ASSERT_TRUE(say(20s, {signed_by(1, Verb::confirm_cancel), Closed{Outcome::cancelled}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(20s), Alarms{Alarm::stopped_unsigned});
}

TEST_F(TimelineTest, AnUnconfirmedCancelHoldsFiveMinutesAndNoLonger)
{
    start();
    ASSERT_TRUE(say(20s, {signed_by(author_owner, Verb::cancel)}));
    EXPECT_EQ(alarms(20s + 300s), Alarms{});
    EXPECT_EQ(alarms(20s + 306s), Alarms{Alarm::relay_late});
    ASSERT_TRUE(say(320s, {CancelUnconfirmed{}}));
    EXPECT_EQ(timeline.state(), State::escalating);
    EXPECT_EQ(alarms(420s), Alarms{}); // 100 s of the step's delay remained.
    EXPECT_EQ(alarms(426s), Alarms{Alarm::relay_late});
    // A second cancel is not granted another five minutes.
    ASSERT_TRUE(say(330s, {signed_by(author_owner, Verb::cancel)}));
    EXPECT_EQ(timeline.state(), State::escalating);
}

TEST_F(TimelineTest, AnEndByExpiryIsBelievedAtTheExpiryOnly)
{
    start();
    const auto life =
        std::chrono::floor<std::chrono::seconds>(envelope.header.expires_at - now) + 1s;
    Timeline early = timeline;
    ASSERT_TRUE(early.take(1, {row(1h, {Closed{Outcome::expired}})}));
    EXPECT_EQ(early.state(), State::escalating);
    EXPECT_EQ(early.alarms(now + 60s, tolerance), Alarms{Alarm::stopped_unsigned});
    // A relay that lies about its clock as well.
    ASSERT_TRUE(say(life, {Closed{Outcome::expired}}));
    EXPECT_EQ(timeline.state(), State::expired);
    EXPECT_EQ(alarms(60s), Alarms{Alarm::stopped_unsigned});
    EXPECT_EQ(alarms(life), Alarms{});
}

// ---- the clocks ----

TEST_F(TimelineTest, ARelayThatNeverStartsIsLate)
{
    EXPECT_EQ(alarms(5s), Alarms{});
    EXPECT_EQ(alarms(6s), Alarms{Alarm::relay_late});
}

TEST_F(TimelineTest, AStepPastItsDelayIsLateInEveryRoundAndAfterTheLast)
{
    start();
    EXPECT_EQ(alarms(126s), Alarms{Alarm::relay_late});
    ASSERT_TRUE(say(120s, {StepOpened{1, 0, StepCause::delay, false}}));
    EXPECT_EQ(alarms(426s), Alarms{Alarm::relay_late});
    ASSERT_TRUE(say(420s, {StepOpened{0, 1, StepCause::delay, false}}));
    EXPECT_EQ(timeline.round(), 1u);
    ASSERT_TRUE(say(540s, {StepOpened{1, 1, StepCause::delay, false}}));
    EXPECT_EQ(alarms(846s), Alarms{Alarm::relay_late});
    ASSERT_TRUE(say(840s, {PlanExhausted{}, Paged{PageCause::last_resort, {1, 2}, false}}));
    EXPECT_TRUE(timeline.exhausted());
    EXPECT_EQ(alarms(840s + 15min), Alarms{});
    EXPECT_EQ(alarms(846s + 15min), Alarms{Alarm::relay_late}); // It may not go silent.
}

TEST_F(TimelineTest, ARowFromTheFutureBuysNoTime)
{
    start();
    ASSERT_TRUE(say(24h, {StepReached{0}}));
    EXPECT_EQ(alarms(10s), Alarms{Alarm::relay_late});
}

TEST_F(TimelineTest, WhileSignedWordsHoldNothingIsLate)
{
    start();
    // The relay forgot to say that a hold began; people hold it all the same.
    ASSERT_TRUE(say(10s, {signed_by(0, Verb::accept)}));
    EXPECT_EQ(timeline.state(), State::acknowledged);
    EXPECT_EQ(alarms(300s), Alarms{});
}

} // namespace
} // namespace tocsin::protocol
