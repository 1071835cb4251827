// Deliveries: to whom, in which order, and until when.
#include "tests/unit/service/world.hpp"

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

TEST(Delivery, OnlySlotsOfTheOpenStepAreDelivered)
{
    World world;
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    const Visit embassy = world.connect(world.embassy);
    const Visit lawyer = world.connect(world.lawyer);
    Sent alert = world.raise();
    EXPECT_EQ(day.heard(), "deliver 0, ring step");
    EXPECT_EQ(night.heard(), "deliver 1, ring step");
    EXPECT_EQ(embassy.heard(), "");
    EXPECT_EQ(day.link->frames(), 1u) << "its first call travels with it";
    EXPECT_EQ(world.connect(world.embassy).heard(), "") << "nor does anything wait for it";

    world.tell(day, alert.answer(0, Verb::escalate, 0));
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
    EXPECT_EQ(day.heard(), "") << "nobody is called twice for it";
    EXPECT_EQ(lawyer.heard(), "");
}

TEST(Delivery, ADeliveryIsTheTransmittedEnvelopeWithOneSlot)
{
    World world;
    const Visit night = world.connect(world.night);
    const Sent alert = world.raise();
    const protocol::Envelope sent = protocol::parse_envelope(alert.envelope, t0).value();
    const protocol::Deliver delivered = night.link->all<protocol::Deliver>().at(0);
    EXPECT_EQ(delivered.header, sent.header_bytes);
    EXPECT_EQ(delivered.plan, sent.plan_bytes);
    EXPECT_EQ(delivered.slot_number, 1);
    EXPECT_EQ(delivered.slot, sent.slots[1]);
    EXPECT_EQ(delivered.payload, sent.payload);
    EXPECT_EQ(night.link->all<protocol::Ring>().at(0).alert, alert.id);
}

TEST(Delivery, ADeviceOfAStepNotOpenMayNotFollowOpenOrGiveUpTheAlert)
{
    World world;
    const Sent alert = world.raise();
    const Visit embassy = world.connect(world.embassy);
    EXPECT_EQ(world.tell(embassy, alert.follow()), "not_authorised");
    EXPECT_EQ(world.tell(embassy, alert.opened(2)), "not_authorised");
    EXPECT_EQ(world.tell(embassy, protocol::CannotOpen{alert.id}), "not_authorised");
    EXPECT_EQ(world.tell(embassy, protocol::Delivered{{alert.id}}), "done") << "without effect";
    EXPECT_EQ(world.wait_for(world.memory.load(alert.id)).value().marks.size(), 2u);
}

TEST(Delivery, WhoAttachesLaterGetsAllThatWaitsInItsOrder)
{
    World world;
    std::vector<AlertId> raised;
    for (int i = 0; i < 70; ++i) // more than the store is asked for at once
        raised.push_back(world.raise().id);
    const Visit day = world.connect(world.day);
    std::vector<AlertId> delivered;
    for (const protocol::Deliver& one : day.link->all<protocol::Deliver>())
        delivered.push_back(protocol::decode_header(one.header).value().alert);
    EXPECT_EQ(delivered, raised);
    EXPECT_EQ(day.link->all<protocol::Ring>().size(), raised.size());
}

TEST(Delivery, ALinkThatLagsIsSentEverythingOnceInItsOrderWhenItHasRoom)
{
    World world;
    const Visit day = world.connect(world.day);
    std::vector<AlertId> raised{world.raise().id};
    day.link->fill();
    for (int i = 0; i < 5; ++i)
        raised.push_back(world.raise().id);
    EXPECT_EQ(day.heard(), "deliver 0, ring step") << "the first came before it was full";
    day.link->drain();
    world.run();
    raised.push_back(world.raise().id);
    std::vector<AlertId> delivered;
    for (const protocol::Deliver& one : day.link->all<protocol::Deliver>())
        delivered.push_back(protocol::decode_header(one.header).value().alert);
    EXPECT_EQ(delivered, raised);
    EXPECT_EQ(day.link->all<protocol::Ring>().size(), raised.size()) << "each was rung with its alert";
    EXPECT_FALSE(day.link->closed());
}

TEST(Delivery, WhatALaggingLinkMissesBeyondItsBoundComesFromItsMailbox)
{
    World world;
    const Visit day = world.connect(world.day);
    day.link->fill();
    const std::size_t count = Peer::withheld_max + 100;
    std::vector<AlertId> raised;
    for (std::size_t i = 0; i < count; ++i)
        raised.push_back(world.raise().id);
    day.link->drain();
    world.run();
    std::vector<AlertId> delivered;
    for (const protocol::Deliver& one : day.link->all<protocol::Deliver>())
        delivered.push_back(protocol::decode_header(one.header).value().alert);
    EXPECT_TRUE(delivered == raised);
}

boost::asio::awaitable<void> submit(World* world, PeerPtr from, Bytes envelope)
{
    protocol::DeviceMessage message = protocol::Submit{std::move(envelope)};
    co_await world->service->handle(std::move(from), std::move(message));
}
boost::asio::awaitable<void> nothing() { co_return; }

TEST(Delivery, WhatComesWhileTheLastOfAMailboxIsReadIsDeliveredToo)
{
    World world;
    const Visit day = world.connect(world.day);
    const Visit sender = world.connect(world.sender);
    day.link->fill();
    const std::size_t count = Peer::withheld_max + 2; // one waits for room; so the mailbox is read
    for (std::size_t i = 0; i < count; ++i)
        (void)world.raise();
    const Sent last = world.seal(world.plan());
    bool raised = false;
    world.store.after_pending = [&] { // once it was found empty
        if (raised || day.link->all<protocol::Deliver>().size() < count) return nothing();
        raised = true;
        return submit(&world, sender.peer, last.envelope);
    };
    day.link->drain();
    world.run();
    ASSERT_TRUE(raised);
    EXPECT_EQ(day.link->all<protocol::Deliver>().size(), count + 1);
}

TEST(Delivery, WhatComesWhileADeviceCatchesUpIsDeliveredAndRungOnce)
{
    World world;
    const Visit sender = world.connect(world.sender);
    (void)world.raise(); // waits
    const Sent second = world.seal(world.plan());
    const Sent third = world.seal(world.plan());
    std::vector<Bytes> coming{third.envelope, second.envelope};
    world.store.after_pending = [&] { // after each look into the mailbox one more
        if (coming.empty()) return nothing();
        Bytes next = std::move(coming.back());
        coming.pop_back();
        return submit(&world, sender.peer, std::move(next));
    };
    const Visit day = world.connect(world.day);
    EXPECT_TRUE(coming.empty());
    EXPECT_EQ(day.link->all<protocol::Deliver>().size(), 3u);
    EXPECT_EQ(day.link->all<protocol::Ring>().size(), 3u);
}

boost::asio::awaitable<void> start(World* world, PeerPtr peer)
{
    boost::asio::co_spawn(world->io, world->service->catch_up(std::move(peer)),
                          boost::asio::detached);
    co_return;
}

TEST(Delivery, ACallThatItsMailboxDidNotKnowYetIsRungByItself)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    const Visit embassy = world.connect(world.embassy);
    // Its slot is stored, and read from the mailbox, before the relay acts upon it.
    Latch rest;
    int reads = 0;
    world.store.after_append = [&] { return start(&world, embassy.peer); };
    world.store.after_pending = [&] { return ++reads == 2 ? rest.wait() : nothing(); };
    world.tell(day, alert.answer(0, Verb::escalate, 0));
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
    world.store.after_append = {};
    rest.release();
    world.run();
    EXPECT_EQ(embassy.heard(), "");
}

TEST(Delivery, WhatWasConfirmedIsNotDeliveredAgainWhatWasNotIs)
{
    World world;
    const Sent first = world.raise();
    const Sent second = world.raise();
    const Visit day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "deliver 0, ring step, deliver 0, ring step");
    EXPECT_EQ(world.tell(day, protocol::Delivered{{first.id}}), "done");
    world.leave(day);

    const Visit again = world.connect(world.day);
    EXPECT_EQ(again.heard(), "deliver 0, ring step, ring step") << "both still call";
    EXPECT_EQ(again.link->all<protocol::Ring>().at(0).alert, second.id);
    EXPECT_EQ(world.tell(again, second.opened(0)), "done") << "opened, so delivered";
    EXPECT_EQ(world.connect(world.day).heard(), "ring step, ring step");
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1, ring step, deliver 1, ring step")
        << "of another device nothing was said";
}

TEST(Delivery, ACallThatCameWhileThereWasNoLinkIsRungWhenTheDeviceComesBack)
{
    World world;
    world.start_escalator();
    Sent alert = world.raise();
    Visit day = world.connect(world.day);
    world.tell(day, protocol::Delivered{{alert.id}});
    world.leave(day);
    world.advance(55s); // the re-page at 50 s finds nobody
    day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "ring step");
    world.tell(day, alert.answer(0, Verb::accept));
    world.leave(day);
    day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "") << "held";
    world.leave(day);
    world.advance(85s); // the reminder too
    day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "ring reminder");
    world.tell(day, alert.answer(0, Verb::resolve));
    EXPECT_EQ(world.connect(world.day).heard(), "");
}

TEST(Delivery, ARestartedRelayRingsForWhatWasJournalledAndPerhapsNeverRang)
{
    World world;
    Sent alert = world.raise();
    Visit day = world.connect(world.day);
    world.tell(day, protocol::Delivered{{alert.id}});
    const Visit night = world.connect(world.night);
    world.tell(night, protocol::Delivered{{alert.id}});
    world.restart();
    day = world.connect(world.day); // before its alert was taken up
    EXPECT_EQ(day.heard(), "");
    boost::asio::co_spawn(world.io, world.service->dispatcher().take_up(), boost::asio::detached);
    world.run();
    EXPECT_EQ(day.heard(), "ring step");
    EXPECT_EQ(world.connect(world.day).heard(), "ring step") << "and after";
    EXPECT_EQ(world.connect(world.embassy).heard(), "") << "whose turn it isn't yet";
}

TEST(Delivery, ARestartedRelayTakesUpEveryOpenAlertHoweverManyThereAre)
{
    World world;
    protocol::Delivered all;
    for (int i = 0; i < 70; ++i) // more than the store is asked for at once
        all.alerts.push_back(world.raise().id);
    Visit day = world.connect(world.day);
    world.tell(day, protocol::Delivered(all));
    world.restart();
    day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "");
    boost::asio::co_spawn(world.io, world.service->dispatcher().take_up(), boost::asio::detached);
    world.run();
    EXPECT_EQ(day.link->all<protocol::Ring>().size(), all.alerts.size());
}

TEST(Delivery, ConfirmingAForeignOrUnknownAlertIsWithoutEffect)
{
    World world;
    const Sent alert = world.raise();
    const Visit lawyer = world.connect(world.lawyer);
    const Sent unknown = world.seal(world.plan());
    EXPECT_EQ(world.tell(lawyer, protocol::Delivered{{alert.id, unknown.id}}), "done");
    EXPECT_EQ(world.connect(world.day).heard(), "deliver 0, ring step");
    EXPECT_EQ(world.tell(lawyer, protocol::Delivered{std::vector<AlertId>(257)}), "too_large");
}

TEST(Delivery, WhoAttachesWhileTheAlertIsHeldGetsItWithoutARing)
{
    World world;
    Sent alert = world.raise();
    world.tell(world.connect(world.day), alert.answer(0, Verb::accept));
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1");
}

TEST(Delivery, WhoseContactDeclinedGetsItWithoutARing)
{
    World world;
    Sent alert = world.raise();
    world.tell(world.connect(world.day), alert.answer(0, Verb::decline, 1));
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1");
}

TEST(Delivery, WhoseContactsPromiseLapsedIsRungForItIsCalledAgain)
{
    World world;
    world.start_escalator();
    Sent alert = world.raise();
    world.tell(world.connect(world.day), alert.answer(0, Verb::accept, 0, 20s));
    world.advance(20s);
    EXPECT_EQ(world.journal(alert.id).back(),
              "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1, ring step");
}

TEST(Delivery, AfterTheEndItIsStillDeliveredButRingsNobody)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    world.tell(day, alert.answer(0, Verb::accept));
    world.tell(day, alert.answer(0, Verb::resolve));
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1");
}

TEST(Delivery, EveryLinkOfADeviceHears)
{
    World world;
    const Visit one = world.connect(world.day);
    const Visit two = world.connect(world.day);
    (void)world.raise();
    EXPECT_EQ(one.heard(), "deliver 0, ring step");
    EXPECT_EQ(two.heard(), "deliver 0, ring step");
    world.leave(one);
    (void)world.raise();
    EXPECT_EQ(one.heard(), "");
    EXPECT_EQ(two.heard(), "deliver 0, ring step");
}

TEST(Delivery, ALinkThatDoesNotKeepUpIsWaitedForAndWhatFollowsIsNotLost)
{
    World world;
    (void)world.raise();
    (void)world.raise();
    Visit day;
    day.link = std::make_shared<RecordingLink>();
    day.link->fill();
    day.peer = world.service->attach(world.service->standing(world.day.auth.public_key()).value(),
                                     {}, day.link);
    boost::asio::co_spawn(world.io, world.service->catch_up(day.peer), [](std::exception_ptr) {});
    world.run();
    EXPECT_TRUE(day.link->waits_for_room());
    EXPECT_EQ(day.heard(), "");
    day.link->drain();
    world.run();
    EXPECT_EQ(day.heard(), "deliver 0, ring step, deliver 0, ring step");
}

TEST(Delivery, IfWhatWaitsCannotBeReadTheLinkIsClosedSoThatTheDeviceAsksAgain)
{
    World world;
    (void)world.raise();
    world.store.read_fault = Errc::storage_failed;
    const Visit day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "");
    EXPECT_TRUE(day.link->closed()) << "a device that stays would never be told";
    world.store.read_fault.reset();
    EXPECT_EQ(world.connect(world.day).heard(), "deliver 0, ring step");
}

TEST(Delivery, ADamagedAlertDoesNotKeepTheOthersBack)
{
    World world;
    const Sent damaged = world.raise();
    const Sent good = world.raise();
    world.restart();
    world.store.damaged.insert(damaged.id);
    const Visit day = world.connect(world.day);
    EXPECT_EQ(day.heard(), "deliver 0, ring step");
    EXPECT_EQ(day.link->all<protocol::Ring>().at(0).alert, good.id);
    EXPECT_FALSE(day.link->closed());
    EXPECT_EQ(world.telemetry.last("alert.quarantined").level, Level::alarm);
}

} // namespace
} // namespace tocsin::service::test
