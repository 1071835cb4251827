// The road, end to end: real relay, real links, real key stores. What is asserted is what the people's own
// devices have verified, never what a database holds.
#include "tests/integration/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::tests {
namespace {

using asio::awaitable;

bool answered(const AlertStatus& status)
{
    return status.progress == Progress::acknowledged;
}
bool opened_somewhere(const AlertStatus& status)
{
    return status.progress >= Progress::with_device;
}
AnswerDraft acceptance(const std::string& name)
{
    AnswerDraft draft;
    draft.verb = Verb::accept;
    draft.note.name = name;
    draft.note.commitments = {Commitment::call, Commitment::visit};
    draft.note.eta = 20min;
    return draft;
}

// Raises an alert; the receipt is verified by the client.
awaitable<AlertId> raise(Person& sender, AlertContent content)
{
    const Result<AlertId> id = sender.device().save(content);
    if (!id) throw std::runtime_error("save: " + id.error().message());
    Result<ReceiptFacts> receipt = co_await sender.client().submit(*id);
    if (!receipt) throw std::runtime_error("submit: " + receipt.error().message());
    Result<void> followed = co_await sender.client().follow(*id);
    if (!followed) throw std::runtime_error("follow: " + followed.error().message());
    co_return *id;
}

awaitable<void> silence_then_the_embassy(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& embassy = net.person("embassy");
    for (const char* name : {"circle", "desk", "embassy"})
        net.person(name).client().start();

    const AlertId alert = co_await raise(defender, arrest());
    const auto rang = co_await next_event(net.person("circle"), ClientEvent::What::rang, 10s);
    EXPECT_TRUE(rang.has_value()) << "the first circle is paged at once";
    const bool opened = co_await until(defender, alert, opened_somewhere, 10s);
    EXPECT_TRUE(opened) << "a device has signed that it opened the alert";

    // Circle and desk stay silent: the embassy is called third.
    const auto received = co_await next_event(embassy, ClientEvent::What::received, 20s);
    EXPECT_TRUE(received.has_value());
    const Result<AlertStatus> seen = embassy.device().status(alert);
    EXPECT_TRUE(seen.has_value());
    if (seen) {
        EXPECT_EQ(seen->pseudonym, "Mwamba 7");
        EXPECT_EQ(seen->content->text, arrest().text);
        EXPECT_EQ(seen->content->where, arrest().where);
    }
    const bool third = co_await until(
        embassy, alert, [](const AlertStatus& s) { return s.step == 2; }, 10s);
    EXPECT_TRUE(third) << "it follows the alert from the start";
    Result<void> said = co_await embassy.client().answer(alert, acceptance("Amina"));
    EXPECT_TRUE(said.has_value()) << said.error().message();

    const bool acknowledged = co_await until(defender, alert, answered, 10s);
    EXPECT_TRUE(acknowledged);
    const Result<AlertStatus> status = defender.device().status(alert);
    EXPECT_TRUE(status.has_value());
    if (!status) co_return;
    EXPECT_THAT(status->warnings, testing::IsEmpty());
    const auto answer = std::ranges::find_if(status->timeline, [](const TimelineLine& line) {
        const auto* word = std::get_if<Answered>(&line.event);
        return word && word->verb == Verb::accept;
    });
    EXPECT_NE(answer, status->timeline.end());
    if (answer != status->timeline.end()) {
        EXPECT_TRUE(answer->note.has_value());
        if (answer->note) {
            EXPECT_EQ(answer->note->name, "Amina");
            EXPECT_EQ(answer->note->eta, 20min);
        }
    }
    EXPECT_EQ(count<StepOpened>(*status), 3u);
    EXPECT_EQ(count<HoldBegan>(*status), 1u);
}

TEST(Road, ASilentCircleIsPassedAndAnEmbassyAnswers)
{
    Network net;
    net.run([&] { return silence_then_the_embassy(net); });
}

awaitable<void> killed_in_mid_alert(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& embassy = net.person("embassy");
    net.person("circle").client().start();
    const AlertId alert = co_await raise(defender, arrest());
    const bool opened = co_await until(defender, alert, opened_somewhere, 10s);
    EXPECT_TRUE(opened);

    net.relay().kill9();
    net.relay().start();

    // The alert goes on by itself: the embassy is called, answers, and the defender sees it.
    embassy.client().start();
    const auto received = co_await next_event(embassy, ClientEvent::What::received, 30s);
    EXPECT_TRUE(received.has_value());
    Result<void> said = co_await embassy.client().answer(alert, acceptance("Amina"));
    EXPECT_TRUE(said.has_value()) << said.error().message();
    const bool acknowledged = co_await until(defender, alert, answered, 20s);
    EXPECT_TRUE(acknowledged);
    const Result<AlertStatus> status = defender.device().status(alert);
    EXPECT_TRUE(status.has_value());
    if (status) {
        EXPECT_THAT(status->warnings, testing::IsEmpty());
    }
}

TEST(Road, AKilledRelayGoesOnWhereItWas)
{
    Network net;
    net.run([&] { return killed_in_mid_alert(net); });
}

awaitable<void> typed_offline(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    net.relay().kill9();
    const Result<AlertId> id = defender.device().save(arrest());
    EXPECT_TRUE(id.has_value());
    if (!id) co_return;
    EXPECT_EQ(defender.device().status(*id)->progress, Progress::saved);
    // The program dies, the network returns, and the alert typed before goes out as it was.
    defender.vanish();
    net.relay().start();
    defender.start();
    const bool sent = co_await until(
        defender, *id, [](const AlertStatus& s) { return s.progress >= Progress::with_relay; }, 20s);
    EXPECT_TRUE(sent);
}

TEST(Road, AnAlertTypedOfflineIsSentWhenTheRelayReturns)
{
    Network net;
    net.run([&] { return typed_offline(net); });
}

awaitable<void> cancelled_and_confirmed(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& circle = net.person("circle");
    circle.client().start();
    const AlertId alert = co_await raise(defender, arrest());
    const bool opened = co_await until(defender, alert, opened_somewhere, 10s);
    EXPECT_TRUE(opened);

    Result<void> cancelled = co_await defender.client().cancel(alert, Duress::ok);
    EXPECT_TRUE(cancelled.has_value()) << cancelled.error().message();
    EXPECT_EQ(defender.device().status(alert)->progress, Progress::cancelled);
    // The circle's client has verified the OK and confirms by itself.
    const bool closed = co_await until(
        circle, alert, [](const AlertStatus& s) { return s.progress == Progress::cancelled; }, 10s);
    EXPECT_TRUE(closed);
    Result<Outcome> outcome = co_await defender.client().outcome(alert);
    EXPECT_TRUE(outcome && *outcome == Outcome::cancelled);
}

TEST(Road, ACancelIsConfirmedByARecipientsClient)
{
    Network net;
    net.run([&] { return cancelled_and_confirmed(net); });
}

awaitable<void> cancelled_under_duress(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& circle = net.person("circle");
    circle.client().start();
    const AlertId alert = co_await raise(defender, arrest());
    const bool opened = co_await until(defender, alert, opened_somewhere, 10s);
    EXPECT_TRUE(opened);
    Result<void> cancelled = co_await defender.client().cancel(alert, Duress::duress);
    EXPECT_TRUE(cancelled.has_value());
    EXPECT_EQ(defender.device().status(alert)->progress, Progress::cancelled)
        << "the screen is the same";
    const bool asked = co_await until(
        circle, alert, [](const AlertStatus& s) { return s.cancelling; }, 10s);
    EXPECT_TRUE(asked);
    // Nobody confirms: a look a little later still finds the hold, not the end.
    const bool closed = co_await until(
        circle, alert, [](const AlertStatus& s) { return s.progress == Progress::cancelled; }, 3s);
    EXPECT_FALSE(closed);
}

TEST(Road, ACancelUnderDuressIsConfirmedByNobody)
{
    Network net;
    net.run([&] { return cancelled_under_duress(net); });
}

awaitable<void> the_whole_conversation(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& circle = net.person("circle");
    Person& desk = net.person("desk");
    circle.client().start();
    desk.client().start();
    const AlertId alert = co_await raise(defender, arrest());
    const auto received = co_await next_event(circle, ClientEvent::What::received, 10s);
    EXPECT_TRUE(received.has_value());

    // The circle can't: the desk is called at once, before its delay.
    AnswerDraft decline;
    decline.verb = Verb::decline;
    decline.whole_desk = true;
    Result<void> declined = co_await circle.client().answer(alert, decline);
    EXPECT_TRUE(declined.has_value()) << declined.error().message();
    const auto next = co_await next_event(desk, ClientEvent::What::received, 10s);
    EXPECT_TRUE(next.has_value());
    Result<void> accepted = co_await desk.client().answer(alert, acceptance("Juma"));
    EXPECT_TRUE(accepted.has_value()) << accepted.error().message();

    // Further words reach both sides.
    FollowUpNote note;
    note.text = "They were moved to the central station";
    Result<void> updated = co_await defender.client().update(alert, note);
    EXPECT_TRUE(updated.has_value()) << updated.error().message();
    const auto has_update = [](const AlertStatus& s) {
        return std::ranges::any_of(s.timeline, [](const TimelineLine& line) {
            return line.follow_up && line.follow_up->text == "They were moved to the central station";
        });
    };
    const bool told = co_await until(desk, alert, has_update, 10s);
    EXPECT_TRUE(told);

    // Only who holds it may say that it is over.
    AnswerDraft resolve;
    resolve.verb = Verb::resolve;
    Result<void> refused = co_await circle.client().answer(alert, resolve);
    EXPECT_TRUE(!refused && refused.error() == Errc::not_authorised);
    Result<void> resolved = co_await desk.client().answer(alert, resolve);
    EXPECT_TRUE(resolved.has_value()) << resolved.error().message();
    const bool over = co_await until(
        defender, alert, [](const AlertStatus& s) { return s.progress == Progress::resolved; }, 10s);
    EXPECT_TRUE(over);
    Result<void> late = co_await circle.client().answer(alert, acceptance("Too late"));
    EXPECT_TRUE(!late && late.error() == Errc::closed);
}

TEST(Road, ADeclineAdvancesAndOnlyTheHolderResolves)
{
    Network net;
    net.run([&] { return the_whole_conversation(net); });
}

awaitable<void> escalated_by_hand(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& circle = net.person("circle");
    Person& desk = net.person("desk");
    circle.client().start();
    desk.client().start();
    const AlertId alert = co_await raise(defender, arrest());
    const auto received = co_await next_event(circle, ClientEvent::What::received, 10s);
    EXPECT_TRUE(received.has_value());
    Result<void> escalated = co_await defender.client().escalate(alert, std::uint16_t{0});
    EXPECT_TRUE(escalated.has_value()) << escalated.error().message();
    const auto next = co_await next_event(desk, ClientEvent::What::received, 5s);
    EXPECT_TRUE(next.has_value());
    Result<void> stale = co_await defender.client().escalate(alert, std::uint16_t{0});
    EXPECT_TRUE(!stale && stale.error() == Errc::stale) << "the step was left already";
}

TEST(Road, TheSenderEscalatesByHandAndAStaleOneDoesNothing)
{
    Network net;
    net.run([&] { return escalated_by_hand(net); });
}

awaitable<void> revoked_in_mid_alert(Network& net)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& desk = net.person("desk");
    net.person("circle").client().start();
    desk.client().start();
    Result<void> up = co_await desk.client().connected(10s);
    EXPECT_TRUE(up.has_value());
    const AlertId alert = co_await raise(defender, arrest());
    co_await net.revoke("desk");
    const auto refused = co_await next_event(desk, ClientEvent::What::refused, 10s);
    EXPECT_TRUE(refused.has_value()) << "a revoked device is sent away at once";
    net.person("embassy").client().start();
    const auto received = co_await next_event(net.person("embassy"), ClientEvent::What::received, 20s);
    EXPECT_TRUE(received.has_value()) << "the next step is called";
    EXPECT_FALSE(desk.device().status(alert).has_value()) << "nothing was delivered to it";
    const bool told = co_await until(
        defender, alert, [](const AlertStatus& s) { return count<ContactSkipped>(s) == 1; }, 10s);
    EXPECT_TRUE(told) << "the sender is told who was skipped";
}

TEST(Road, ARevokedDeviceIsSentAwayAndItsStepSkipped)
{
    Network net;
    net.run([&] { return revoked_in_mid_alert(net); });
}

} // namespace
} // namespace tocsin::tests
