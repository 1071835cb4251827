// Submit: what a receipt promises, what is refused, and what becomes of an alert once the relay has
// forgotten it and reads it back.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

protocol::Receipt receipt_of(World& world, const Visit& visit, const Bytes& envelope)
{
    return std::get<protocol::Receipt>(world.ask(visit, protocol::Submit{envelope}));
}

TEST(Submit, TheReceiptIsSignedAndSaysWhatIsStored)
{
    World world;
    const Sent alert = world.seal(world.plan());
    const Visit sender = world.connect(world.sender);
    const protocol::Receipt receipt = receipt_of(world, sender, alert.envelope);
    EXPECT_TRUE(protocol::verify_receipt(receipt, world.relay_key.public_key()));
    EXPECT_EQ(receipt.facts.alert, alert.id);
    EXPECT_EQ(receipt.facts.digest, alert.digest);
    EXPECT_EQ(receipt.facts.committed_at, t0);
    EXPECT_EQ(receipt.facts.epoch[0], 0xE0);
    const store::StoredAlert stored = world.wait_for(world.memory.load(alert.id)).value();
    EXPECT_EQ(*stored.envelope, alert.envelope);
    EXPECT_EQ(receipt.facts.journal_head,
              protocol::next_head(alert.header_hash, stored.rows.front().entry));
}

TEST(Submit, TheSameAlertAgainGetsTheSameFactsHoweverMuchHasHappenedSince)
{
    World world;
    Sent alert = world.seal(world.plan());
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);
    const protocol::Receipt first = receipt_of(world, sender, alert.envelope);
    world.advance(10s);
    EXPECT_EQ(receipt_of(world, sender, alert.envelope).facts, first.facts);
    world.tell(day, alert.answer(0, Verb::accept));
    EXPECT_EQ(receipt_of(world, sender, alert.envelope).facts, first.facts);
    EXPECT_EQ(day.heard(), "deliver 0, ring step") << "called once";

    world.restart();
    const protocol::Receipt after = receipt_of(world, world.connect(world.sender), alert.envelope);
    EXPECT_EQ(after.facts, first.facts);
    EXPECT_TRUE(protocol::verify_receipt(after, world.relay_key.public_key()));
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
}

TEST(Submit, AnotherAlertUnderAKnownIdIsAConflictAndCallsNobody)
{
    World world;
    const Sent alert = world.raise();
    const Sent other = world.seal_as(alert.id, world.plan());
    const Visit day = world.connect(world.day);
    day.heard();
    EXPECT_EQ(world.tell(world.connect(world.sender), protocol::Submit{other.envelope}),
              "conflict");
    EXPECT_EQ(world.telemetry.count("alert.conflict"), 1u);
    EXPECT_EQ(day.heard(), "");
    world.restart();
    EXPECT_EQ(world.tell(world.connect(world.sender), protocol::Submit{other.envelope}),
              "conflict");
    EXPECT_EQ(*world.wait_for(world.memory.load(alert.id)).value().envelope, alert.envelope);
}

TEST(Submit, AnAlertOfAnotherOrganisationIsRefused)
{
    World world;
    world.org.org = tocsin::test::numbered<OrgId>(2);
    const Sent alert = world.seal(world.plan());
    EXPECT_EQ(world.tell(world.connect(world.sender), protocol::Submit{alert.envelope}),
              "not_authorised");
    EXPECT_EQ(world.wait_for(world.memory.load(alert.id)).error(), Errc::not_found);
}

TEST(Submit, WhatIsNoEnvelopeOrIsPastItsExpiryIsRefused)
{
    World world;
    const Visit sender = world.connect(world.sender);
    EXPECT_EQ(world.tell(sender, protocol::Submit{Bytes(100, 7)}), "malformed_frame");
    const Sent alert = world.seal(world.plan());
    world.advance(26h);
    EXPECT_EQ(world.tell(sender, protocol::Submit{alert.envelope}), "expired");
}

TEST(Submit, WhatEndsWhileItWaitsItsTurnIsRefused)
{
    World world;
    const Visit sender = world.connect(world.sender);
    world.store.hold();
    // As many as the relay stores at once, and one more.
    std::vector<Reply> replies;
    std::size_t held = 0;
    do {
        held = world.store.held();
        replies.push_back(world.begin(sender, protocol::Submit{world.seal(world.plan()).envelope}));
    } while (world.store.held() > held);
    world.advance(26h);
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(replies.front()), "receipt");
    EXPECT_EQ(told(replies.back()), "expired");
}

TEST(Submit, AnAlertReadBackIsTheFoldOfItsJournal)
{
    World world;
    Sent alert = world.raise();
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);
    world.tell(day, protocol::Delivered{{alert.id}});
    world.tell(day, alert.answer(0, Verb::accept));
    world.tell(sender, alert.follow_up(author_owner));
    world.advance(5s);
    world.tell(sender, alert.answer(author_owner, Verb::cancel));
    world.advance(5s);
    world.tell(day, alert.answer(0, Verb::decline, 1));
    const LoadedPtr before = world.loaded(alert.id);
    EXPECT_EQ(before->position.version, 5u);

    world.restart();
    const LoadedPtr after = world.loaded(alert.id);
    EXPECT_NE(before, after);
    EXPECT_EQ(after->state, before->state);
    EXPECT_EQ(after->position, before->position);
    EXPECT_EQ(after->committed.first_head, before->committed.first_head);
    EXPECT_EQ(after->cancel_seq, 3u);
    EXPECT_EQ(after->cancel_seq, before->cancel_seq);
    EXPECT_EQ(after->envelope.digest, alert.digest);

    const Visit again = world.connect(world.night);
    EXPECT_EQ(world.tell(again, alert.answer(1, Verb::confirm_cancel)), "done");
    EXPECT_EQ(world.journal(alert.id).back(), "Answered, Closed{cancelled}");
}

TEST(Submit, TheLongestEntryThatAPlanCanCauseStillTravelsInAFrame)
{
    // Every contact in every step of every round, and nobody of them known here: one entry says of
    // each, each time, that it was skipped.
    World world;
    protocol::CompiledPlan to = world.plan();
    const protocol::Recipient anybody = to.recipients[0];
    to.plan.contacts.clear();
    to.plan.slots.clear();
    to.recipients.clear();
    std::vector<std::uint16_t> all;
    for (std::uint16_t i = 0; i < limits::plan_contacts_max; ++i) {
        to.plan.contacts.push_back({100u + i, Kind::peer});
        to.plan.slots.push_back({tocsin::test::numbered<MailboxId>(i), i, {}});
        to.recipients.push_back(anybody);
        all.push_back(i);
    }
    to.plan.steps.assign(limits::plan_steps_max, PlanStep{60s, all});
    to.plan.repeat_rounds = limits::repeat_rounds_max;
    const Sent alert = world.seal(to);
    const Visit sender = world.connect(world.sender);
    EXPECT_EQ(world.tell(sender, protocol::Submit{alert.envelope}), "receipt");
    EXPECT_EQ(world.tell(sender, alert.follow_as_owner(sender, Sent::Hears::until_cancelled)),
              "done");
    EXPECT_EQ(sender.heard(), "row 0");
    EXPECT_EQ(world.telemetry.count("alert.contact_skipped"), 1u) << "said once, with their number";
    EXPECT_EQ(world.telemetry.last("alert.contact_skipped").fields.at("contacts"), 11 * 16 * 64);
    world.restart();
    EXPECT_EQ(world.loaded(alert.id)->position.version, 1u);
}

// ---- receipts ----

TEST(Receipts, OneSignatureServesAllThatBecomeDurableTogether)
{
    World world;
    const Visit sender = world.connect(world.sender);
    world.store.hold();
    std::vector<Sent> alerts;
    std::vector<Reply> replies;
    for (int i = 0; i < 5; ++i) {
        alerts.push_back(world.seal(world.plan()));
        replies.push_back(world.begin(sender, protocol::Submit{alerts.back().envelope}));
    }
    world.store.let_go();
    world.run();
    std::optional<Signature> root;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        ASSERT_EQ(told(replies[i]), "receipt");
        const auto& receipt = std::get<protocol::Receipt>(**replies[i]);
        EXPECT_EQ(receipt.facts.alert, alerts[i].id);
        EXPECT_EQ(receipt.leaf_count, 5u);
        EXPECT_TRUE(protocol::verify_receipt(receipt, world.relay_key.public_key()));
        EXPECT_EQ(root.value_or(receipt.signature), receipt.signature);
        root = receipt.signature;
    }
    const Sent alone = world.seal(world.plan());
    EXPECT_EQ(receipt_of(world, sender, alone.envelope).leaf_count, 1u);
}

TEST(Receipts, OfAGroupOnlyWhatWasStoredIsConfirmed)
{
    World world;
    const Visit sender = world.connect(world.sender);
    world.store.hold();
    world.store.fail(Errc::storage_failed);
    const Sent lost = world.seal(world.plan());
    const Sent kept = world.seal(world.plan());
    const Reply first = world.begin(sender, protocol::Submit{lost.envelope});
    const Reply second = world.begin(sender, protocol::Submit{kept.envelope});
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(first), "storage_failed");
    ASSERT_EQ(told(second), "receipt");
    EXPECT_EQ(std::get<protocol::Receipt>(**second).leaf_count, 1u);
}

} // namespace
} // namespace tocsin::service::test
