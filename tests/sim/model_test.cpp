// The model keeps the page: every cell of its table, and what its prose promises.
#include "tests/sim/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <utility>

namespace tocsin::sim {
namespace {

using namespace std::chrono_literals;

// Times in the tests are counted from the moment the alert was submitted.
constexpr TimePoint t0{std::chrono::hours{24 * 365}};

// ---- Events as the page spells them ---------------------------------------------------------

std::string name(StepCause cause)
{
    static const std::map<StepCause, std::string> names{
        {StepCause::start, "start"},         {StepCause::delay, "delay"},
        {StepCause::declined, "declined"},   {StepCause::skipped, "skipped"},
        {StepCause::unreached, "unreached"}, {StepCause::by_hand, "by_hand"}};
    return names.at(cause);
}

std::string name(PageCause cause)
{
    static const std::map<PageCause, std::string> names{
        {PageCause::step, "step"},       {PageCause::desk, "desk"},
        {PageCause::repeat, "repeat"},   {PageCause::reminder, "reminder"},
        {PageCause::resumed, "resumed"}, {PageCause::last_resort, "last_resort"},
    };
    return names.at(cause);
}

std::string name(HoldEndCause cause)
{
    static const std::map<HoldEndCause, std::string> names{
        {HoldEndCause::lapsed, "lapsed"},
        {HoldEndCause::declined, "declined"},
        {HoldEndCause::handed_over, "handed_over"},
        {HoldEndCause::escalated, "escalated"}};
    return names.at(cause);
}

std::string name(Outcome outcome)
{
    static const std::map<Outcome, std::string> names{{Outcome::resolved, "resolved"},
                                                      {Outcome::cancelled, "cancelled"},
                                                      {Outcome::expired, "expired"}};
    return names.at(outcome);
}

struct Spelling {
    std::string operator()(const AlertStored&) const { return "AlertStored"; }
    std::string operator()(const StepOpened& e) const
    {
        return "StepOpened{" + std::to_string(e.step) + ", " + std::to_string(e.round) + ", " +
               name(e.cause) + (e.late ? ", late}" : "}");
    }
    std::string operator()(const ContactSkipped& e) const
    {
        return "ContactSkipped{" + std::to_string(e.contact) + ", " + std::to_string(e.step) + "}";
    }
    std::string operator()(const Paged& e) const
    {
        std::string slots;
        for (const std::uint16_t slot : e.slots)
            slots += (slots.empty() ? "" : " ") + std::to_string(slot);
        return "Paged{" + name(e.cause) + ", [" + slots + "]" + (e.late ? ", late}" : "}");
    }
    std::string operator()(const Answered&) const { return "Answered"; }
    std::string operator()(const HoldBegan&) const { return "HoldBegan"; }
    std::string operator()(const HoldEnded& e) const { return "HoldEnded{" + name(e.cause) + "}"; }
    std::string operator()(const Lapsed& e) const
    {
        return "Lapsed{" + std::to_string(e.contact) + "}";
    }
    std::string operator()(const PlanExhausted&) const { return "PlanExhausted"; }
    std::string operator()(const CancelUnconfirmed&) const { return "CancelUnconfirmed"; }
    std::string operator()(const TimeInDoubt&) const { return "TimeInDoubt"; }
    std::string operator()(const Closed& e) const { return "Closed{" + name(e.outcome) + "}"; }
    std::string operator()(const SlotFailed& e) const
    {
        return "SlotFailed{" + std::to_string(e.slot) + "}";
    }
    std::string operator()(const FollowedUp&) const { return "FollowedUp"; }
    std::string operator()(const StepReached& e) const
    {
        return "StepReached{" + std::to_string(e.step) + "}";
    }
    std::string operator()(const ContactDeclined& e) const
    {
        return "ContactDeclined{" + std::to_string(e.contact) + "}";
    }
};

std::string text(const Event& event) { return std::visit(Spelling{}, event); }

std::string text(const Reply& reply)
{
    if (const auto* error = std::get_if<Errc>(&reply)) return std::string{name_of(*error)};
    std::string all;
    for (const Event& event : std::get<std::vector<Event>>(reply))
        all += (all.empty() ? "" : ", ") + text(event);
    return all.empty() ? "-" : all;
}

// ---- A story: one alert, told by the second -------------------------------------------------

Digest digest(std::uint8_t byte)
{
    Digest d;
    d.value[0] = byte;
    return d;
}

struct Story {
    explicit Story(Plan of, std::chrono::seconds life = 1h)
        : plan(of),
          model(std::move(of), t0 + life),
          presence(plan.slots.size())
    {
        for (SlotPresence& slot : presence)
            slot = {.revoked = false, .on_call = true, .reached = true};
    }

    Reply feed(std::chrono::milliseconds when, const Command& command)
    {
        return model.feed(command, presence, {t0 + when, t0 + when - unsure});
    }

    std::string submit() { return text(feed(0s, Submit{digest(1)})); }

    std::string say(std::chrono::milliseconds when, Author author, Verb verb,
                    std::uint32_t target = 0, std::chrono::seconds term = 0s)
    {
        Answered answer{.author = author,
                        .verb = verb,
                        .number = numbers[author] + 1,
                        .term = term,
                        .target = target,
                        .note_hash = digest(2),
                        .signature = {}};
        const Reply reply = feed(when, Say{answer});
        const auto* events = std::get_if<std::vector<Event>>(&reply);
        if (events && !events->empty()) {
            numbers[author] = answer.number;
            last_said[author] = answer;
        }
        return text(reply);
    }

    std::string fail(std::chrono::milliseconds when, std::uint16_t slot)
    {
        return text(feed(when, CannotOpen{slot}));
    }

    std::string tick(std::chrono::milliseconds when) { return text(feed(when, Tick{})); }

    std::string doubt(std::chrono::milliseconds when)
    {
        return text(feed(when, Tick{.in_doubt = true}));
    }

    // Ticks at every deadline up to `until`; what followed, each with its second.
    std::string wait(std::chrono::milliseconds until)
    {
        std::string all;
        while (model.deadline() && *model.deadline() <= t0 + until) {
            const auto when = *model.deadline() - t0;
            const std::string followed = tick(when);
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when).count();
            all += (all.empty() ? "" : "; ") + std::to_string(seconds) + ": " + followed;
            if (followed == "-") return all + " (a tick at the deadline must yield events)";
        }
        return all;
    }

    void nobody_reached()
    {
        for (SlotPresence& slot : presence)
            slot.reached = false;
    }

    Plan plan;
    Model model;
    Presence presence;
    std::chrono::milliseconds unsure{}; // how far what is certain lags behind
    std::map<Author, std::uint32_t> numbers;
    std::map<Author, Answered> last_said;
};

struct Desk {
    Kind kind;
    std::uint16_t slots;
};

Plan plan_of(const std::vector<Desk>& desks, std::vector<PlanStep> steps)
{
    Plan plan;
    for (std::size_t c = 0; c < desks.size(); ++c) {
        plan.contacts.push_back({static_cast<std::uint32_t>(c + 1), desks[c].kind});
        for (std::uint16_t i = 0; i < desks[c].slots; ++i) {
            PlanSlot slot;
            slot.contact = static_cast<std::uint16_t>(c);
            slot.mailbox.value[0] = static_cast<std::uint8_t>(plan.slots.size() + 1);
            plan.slots.push_back(slot);
        }
    }
    plan.steps = std::move(steps);
    plan.term = 100s;
    plan.repage_interval = 50s;
    plan.desk_delay = 40s;
    plan.last_resort_interval = 100s;
    return plan;
}

// The plan of the table.
Plan table_plan()
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::protection_desk, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}});
    plan.last_resort = {2};
    return plan;
}

Story table_story()
{
    Story story{table_plan()};
    story.presence[1].on_call = false;
    return story;
}

// ---- The table ------------------------------------------------------------------------------

using Row = std::pair<std::string, std::string>; // command, what follows
using Table = std::map<std::string, std::vector<Row>>;

std::string trimmed(const std::string& cell)
{
    const auto first = cell.find_first_not_of(" `");
    if (first == std::string::npos) return "";
    return cell.substr(first, cell.find_last_not_of(" `") - first + 1);
}

Table read_table()
{
    std::ifstream page{TOCSIN_SOURCE_DIR "/docs/escalation.md"};
    Table table;
    std::string state;
    for (std::string line; std::getline(page, line);) {
        const std::string heading = "### State: ";
        if (line.starts_with(heading)) state = line.substr(heading.size());
        if (state.empty() || !line.starts_with("| ") || line.starts_with("| ---")) continue;
        const auto middle = line.find(" | ");
        const std::string command = trimmed(line.substr(2, middle - 2));
        if (command == "command") continue;
        const std::string rest = line.substr(middle + 3);
        table[state].emplace_back(command, trimmed(rest.substr(0, rest.rfind('|'))));
    }
    return table;
}

struct State {
    Story story;
    std::chrono::seconds now;
    std::map<std::string, std::chrono::seconds> due; // when the clocks of this state strike
};

// The states as the page tells them; the times are worked out by hand from its rules.
State state_named(const std::string& name)
{
    State state{table_story(), 0s, {}};
    Story& story = state.story;
    if (name == "not submitted") {
        state.due = {{"Tick at the expiry", 1h}};
        return state;
    }
    story.submit();
    state.due = {{"Tick at the expiry", 1h}};
    if (name == "first step") {
        state.now = 10s;
        state.due.insert({{"Tick at the reach check, a device live", 30s},
                          {"Tick at the reach check, none live", 30s},
                          {"Tick at the desk delay", 40s},
                          {"Tick at the re-page", 50s},
                          {"Tick at the step's delay", 60s}});
    } else if (name == "second step") {
        story.wait(state.now = 70s);
        state.due.insert({{"Tick at the re-page", 100s}, {"Tick at the step's delay", 120s}});
    } else if (name == "exhausted") {
        story.wait(state.now = 130s);
        state.due.insert({{"Tick at the last resort", 220s}});
    } else if (name == "held") {
        story.say(10s, 0, Verb::accept);
        state.now = 20s;
        state.due.insert({{"Tick at the reminder", 90s}, {"Tick at the end of the term", 110s}});
    } else if (name == "cancelling") {
        story.say(10s, author_owner, Verb::cancel);
        state.now = 20s;
        state.due.insert({{"Tick at the end of the cancel", 310s}});
    } else if (name == "cancelling, held") {
        story.say(10s, 0, Verb::accept);
        story.say(20s, author_owner, Verb::cancel);
        state.now = 30s;
        state.due.insert({{"Tick at the reminder", 90s},
                          {"Tick at the end of the term", 110s},
                          {"Tick at the end of the cancel", 320s}});
    } else if (name == "closed") {
        story.say(10s, 0, Verb::accept);
        story.say(20s, 0, Verb::resolve);
        state.now = 30s;
    } else {
        ADD_FAILURE() << "the page has a state this test doesn't know: " << name;
    }
    return state;
}

// Whether a reply shows that the clock of that row struck.
bool struck(const std::string& row, const std::string& reply)
{
    static const std::map<std::string, std::vector<std::string>> signs{
        {"Tick at the reach check, a device live", {"StepReached"}},
        {"Tick at the reach check, none live", {"unreached"}},
        {"Tick at the desk delay", {"Paged{desk"}},
        {"Tick at the re-page", {"Paged{repeat"}},
        {"Tick at the step's delay", {", delay", "PlanExhausted"}},
        {"Tick at the last resort", {"Paged{last_resort"}},
        {"Tick at the reminder", {"Paged{reminder"}},
        {"Tick at the end of the term", {"Lapsed"}},
        {"Tick at the end of the cancel", {"CancelUnconfirmed"}}};
    for (const std::string& sign : signs.at(row))
        if (reply.find(sign) != std::string::npos) return true;
    return false;
}

// `never` if that clock doesn't strike as long as the state lasts.
std::string watch_for(const std::string& row, State state)
{
    if (row == "Tick at the reach check, none live") state.story.nobody_reached();
    Model& model = state.story.model;
    const auto before = [&model] { return std::pair{model.state_name(), model.open_slots()}; };
    const auto was = before();
    while (model.deadline()) {
        const std::string reply = text(model.feed(Tick{}, state.story.presence, *model.deadline()));
        if (reply == "-") return "a tick at the deadline yields nothing";
        if (before() != was) break;
        if (struck(row, reply)) return reply;
    }
    return "never";
}

std::string play_tick(const std::string& row, State state)
{
    Story& story = state.story;
    if (row == "Tick before its time") {
        const auto due = story.model.deadline();
        return due ? story.tick(*due - t0 - 1ms) : story.tick(state.now);
    }
    if (row == "Tick in doubt") return story.doubt(state.now);
    if (row == "Tick at the expiry, not certain") {
        const auto expiry = state.due.at("Tick at the expiry");
        story.wait(expiry - 1ms);
        story.unsure = 1ms;
        return story.tick(expiry);
    }
    const auto due = state.due.find(row);
    if (due == state.due.end()) return watch_for(row, std::move(state));
    if (row == "Tick at the reach check, none live") story.nobody_reached();
    story.wait(due->second - 1ms);
    EXPECT_EQ(story.tick(due->second - 1ms), "-") << row;
    return story.tick(due->second);
}

std::string play_special(const std::string& row, State state)
{
    Story& story = state.story;
    const auto add = [&](Author author, std::uint32_t number, Digest previous) {
        const FollowedUp word{author, number, previous, digest(4), {}};
        return text(story.feed(state.now, Add{word}));
    };
    if (row == "Submit") return text(story.feed(state.now, Submit{digest(1)}));
    if (row == "Submit of another envelope") return text(story.feed(state.now, Submit{digest(9)}));
    if (row == "accept by slot 0, revoked") {
        story.presence[0].revoked = true;
        return story.say(state.now, 0, Verb::accept);
    }
    if (row == "the last answer again") {
        std::string reply = "never";
        for (const auto& [author, answer] : story.last_said) {
            reply = text(story.feed(state.now, Say{answer}));
            if (reply != "-") break;
        }
        return reply;
    }
    if (row == "accept by slot 0 with a passed number") {
        Answered answer{};
        answer.number = story.numbers[0];
        answer.note_hash = digest(7);
        return text(story.feed(state.now, Say{answer}));
    }
    if (row == "the first follow-up of slot 0") return add(0, 1, {});
    if (row == "the second follow-up of slot 0, without a first") return add(0, 2, digest(3));
    if (row == "the first follow-up of the sender") return add(author_owner, 1, {});
    if (row == "CannotOpen of slot 0") return story.fail(state.now, 0);
    if (row == "CannotOpen of slot 3") return story.fail(state.now, 3);
    return "the page has a command this test doesn't know";
}

std::string play(const std::string& row, State state)
{
    struct Saying {
        Author author;
        Verb verb;
        std::uint32_t target;
    };
    const std::uint32_t step = state.story.model.exhausted() || state.now == 70s ? 1 : 0;
    const std::map<std::string, Saying> sayings{
        {"accept by slot 0", {0, Verb::accept, 0}},
        {"renew by slot 0", {0, Verb::renew, 0}},
        {"decline (person) by slot 0", {0, Verb::decline, 0}},
        {"decline (person) by slot 1", {1, Verb::decline, 0}},
        {"decline (desk) by slot 0", {0, Verb::decline, 1}},
        {"decline (desk) by slot 1", {1, Verb::decline, 1}},
        {"resolve by slot 0", {0, Verb::resolve, 0}},
        {"hand_over to contact 1 by slot 0", {0, Verb::hand_over, 1}},
        {"escalate the current step by slot 0", {0, Verb::escalate, step}},
        {"escalate another step by slot 0", {0, Verb::escalate, 1 - step}},
        {"confirm_cancel by slot 0", {0, Verb::confirm_cancel, 0}},
        {"cancel by slot 0", {0, Verb::cancel, 0}},
        {"cancel by the sender", {author_owner, Verb::cancel, 0}},
        {"escalate the current step by the sender", {author_owner, Verb::escalate, step}},
        {"escalate another step by the sender", {author_owner, Verb::escalate, 1 - step}},
        {"accept by the sender", {author_owner, Verb::accept, 0}},
        {"accept by slot 3", {3, Verb::accept, 0}}};
    if (const auto found = sayings.find(row); found != sayings.end()) {
        const auto& [author, verb, target] = found->second;
        return state.story.say(state.now, author, verb, target);
    }
    if (row.starts_with("Tick")) return play_tick(row, std::move(state));
    return play_special(row, std::move(state));
}

TEST(Model, KeepsEveryCellOfTheTable)
{
    const Table table = read_table();
    ASSERT_EQ(table.size(), 8u);
    for (const auto& [name, rows] : table) {
        EXPECT_EQ(rows.size(), 40u) << name;
        for (const auto& [command, follows] : rows)
            EXPECT_EQ(play(command, state_named(name)), follows) << name << ": " << command;
    }
}

// ---- The prose ------------------------------------------------------------------------------

TEST(Model, ADeskSleepsUntilItsDelayAndIsThenCalledOnce)
{
    Plan plan = plan_of({{Kind::peer, 3}, {Kind::peer, 2}}, {{300s, {0, 1}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.presence[2].on_call = false;
    story.presence[3].on_call = false;
    story.presence[4].on_call = false;

    // Contact 1 has nobody on call: all of it is called at once, and nobody of it rests.
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [0 3 4]}");
    EXPECT_EQ(story.wait(299s), "40: Paged{desk, [1 2]}");
}

TEST(Model, ADeskDelayCountsAnewFromTheEndOfAHold)
{
    Plan plan = plan_of({{Kind::peer, 2}}, {{300s, {0}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(10s, 0, Verb::accept, 0, 20s);

    EXPECT_EQ(story.wait(100s), "26: Paged{reminder, [0]}; "
                                "30: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}; "
                                "70: Paged{desk, [1]}");
}

TEST(Model, ADeskThatHadStruckStaysCalledUntilANewOpening)
{
    Plan plan = plan_of({{Kind::peer, 2}}, {{100s, {0}}});
    plan.repage_interval = 1000s;
    plan.repeat_rounds = 1;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.wait(50s), "40: Paged{desk, [1]}");
    story.say(50s, 0, Verb::accept, 0, 20s);
    EXPECT_EQ(story.wait(150s), "66: Paged{reminder, [0]}; "
                                "70: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}; "
                                "120: StepOpened{0, 1, delay}, Paged{step, [0]}");
    EXPECT_EQ(story.wait(160s), "160: Paged{desk, [1]}");
}

TEST(Model, TheDeskOfAContactWhosePromiseLapsedUnheldIsCalledADelayLater)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::lawyer, 1}}, {{500s, {0, 1}}});
    plan.quorum = {{Kind::any, 2}};
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.say(10s, 0, Verb::accept), "Answered");
    EXPECT_EQ(story.wait(200s), "90: Paged{reminder, [0]}; 110: Lapsed{0}; 150: Paged{desk, [1]}");
}

TEST(Model, ADeskWhoseDutyDeviceFailedRestsUntilItsDelay)
{
    Plan plan = plan_of({{Kind::peer, 3}}, {{300s, {0}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.presence[2].on_call = false;
    story.submit();
    EXPECT_EQ(story.fail(5s, 0), "SlotFailed{0}");
    EXPECT_EQ(story.fail(6s, 0), "-");
    EXPECT_EQ(story.wait(60s), "40: Paged{desk, [1 2]}");

    // Revoked, the duty device no longer tells who rests: all were called at the opening.
    Story other{plan};
    other.presence = story.presence;
    other.presence[0].revoked = true;
    EXPECT_EQ(other.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [1 2]}");
    EXPECT_EQ(other.wait(60s), "40: Paged{desk, []}");
}

TEST(Model, StepsOfWhichEverybodyIsSkippedAreLeftAtOnce)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::media, 0}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {1, 0}}, {60s, {2, 1}}, {60s, {1}}});
    plan.repeat_rounds = 1;
    plan.last_resort = {3};
    Story story{plan};
    story.presence[0].revoked = true;

    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, ContactSkipped{1, 0}, "
                              "ContactSkipped{0, 0}, StepOpened{1, 0, skipped}, "
                              "ContactSkipped{1, 1}, Paged{step, [1]}");
    EXPECT_EQ(story.model.open_slots(), (std::vector<std::uint16_t>{1}));
    EXPECT_EQ(story.fail(10s, 1),
              "SlotFailed{1}, StepOpened{2, 0, skipped}, ContactSkipped{1, 2}, "
              "StepOpened{0, 1, skipped}, ContactSkipped{1, 0}, ContactSkipped{0, 0}, "
              "StepOpened{1, 1, skipped}, ContactSkipped{2, 1}, ContactSkipped{1, 1}, "
              "StepOpened{2, 1, skipped}, ContactSkipped{1, 2}, "
              "PlanExhausted, Paged{last_resort, [2]}");
    EXPECT_EQ(story.model.state_name(), "escalating, exhausted");
}

TEST(Model, AnUnreachedStepStartsTheNextOneWhichWaitsItsFullDelay)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {60s, {2}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.nobody_reached();
    story.submit();
    EXPECT_EQ(story.wait(200s), "30: StepOpened{1, 0, unreached}, Paged{step, [1]}; "
                                "90: StepOpened{2, 0, delay}, Paged{step, [2]}; "
                                "150: PlanExhausted, Paged{last_resort, [2]}");
}

TEST(Model, TheRepageIsNotPutOffByShortStepsAndEndsWithThePlan)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{20s, {0}}, {20s, {1}}, {70s, {2}}});
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.wait(300s), "20: StepOpened{1, 0, delay}, Paged{step, [1]}; "
                                "40: StepOpened{2, 0, delay}, Paged{step, [2]}; "
                                "50: Paged{repeat, [0 1 2]}; 100: Paged{repeat, [0 1 2]}; "
                                "110: PlanExhausted, Paged{last_resort, [2]}; "
                                "210: Paged{last_resort, [2]}");
}

TEST(Model, AfterAnOutageEveryDueStepOpensAndEachPersonIsCalledOnce)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}, {Kind::media, 1}},
                        {{60s, {0}}, {60s, {1}}, {60s, {2}}, {500s, {3}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.wait(30s), "30: StepReached{0}");

    // Due at 60 and 120, so both are late and count from there; the third was due at 180, on time
    // still, and counts from now.
    EXPECT_EQ(story.tick(200s), "StepOpened{1, 0, delay, late}, Paged{step, [1], late}, "
                                "StepOpened{2, 0, delay, late}, Paged{step, [2], late}, "
                                "StepOpened{3, 0, delay}, Paged{step, [3]}");
    EXPECT_EQ(story.tick(200s), "-");
    EXPECT_EQ(story.wait(800s), "700: PlanExhausted, Paged{last_resort, [3]}; "
                                "800: Paged{last_resort, [3]}");
}

TEST(Model, AfterAnOutageLaterPagesLeaveOutWhoWasCalledAndMoveTheClocks)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{60s, {0}}, {600s, {0, 1}}});
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.wait(30s);

    // In the order of their time: desk (40), re-page (50), end of the step (60).
    EXPECT_EQ(story.tick(300s), "Paged{desk, [1], late}, Paged{repeat, [0], late}, "
                                "StepOpened{1, 0, delay, late}, Paged{step, [2], late}");
    // Both were called before the step opened anew, so neither has been called since.
    EXPECT_EQ(story.wait(350s), "340: Paged{desk, [0 1]}; 350: Paged{repeat, [0 2]}");
    // The step counts from 60, when it should have opened.
    EXPECT_EQ(story.wait(659s).find("PlanExhausted"), std::string::npos);
    EXPECT_EQ(story.tick(660s), "PlanExhausted, Paged{last_resort, [0 2]}");
}

TEST(Model, ALateStepLeftAtOnceLendsItsBeginningToTheNext)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {200s, {2}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].revoked = true;
    story.submit();
    story.wait(30s);
    EXPECT_EQ(story.tick(95s), "StepOpened{1, 0, delay, late}, ContactSkipped{1, 1}, "
                               "StepOpened{2, 0, skipped, late}, Paged{step, [2], late}");
    EXPECT_EQ(story.wait(300s), "260: PlanExhausted, Paged{last_resort, [2]}");
}

TEST(Model, ALateReachCheckGivesTheNextStepItsDelayFromTheCheck)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{100s, {0}}, {100s, {1}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.nobody_reached();
    story.submit();
    EXPECT_EQ(story.tick(60s + 1ms), "StepOpened{1, 0, unreached, late}, Paged{step, [1], late}");
    EXPECT_EQ(story.wait(200s), "130: PlanExhausted, Paged{last_resort, [1]}");
}

TEST(Model, LateIsMoreThanThirtySeconds)
{
    Story story = table_story();
    story.submit();
    story.wait(59s);
    Story later = table_story();
    later.submit();
    later.wait(59s);
    EXPECT_EQ(story.tick(90s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(later.tick(90s + 1ms), "StepOpened{1, 0, delay, late}, Paged{step, [2], late}");
}

TEST(Model, APersonWhoCannotDoesNotSpeakForTheirDesk)
{
    Plan plan = plan_of({{Kind::peer, 3}, {Kind::fund, 1}}, {{600s, {0}}, {600s, {1}}});
    Story story{plan};
    story.presence[2].on_call = false;
    story.submit();
    EXPECT_EQ(story.say(1s, 0, Verb::decline, 0), "Answered");
    EXPECT_EQ(story.say(2s, 2, Verb::decline, 1), "Answered");
    EXPECT_EQ(story.say(3s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.say(4s, 1, Verb::decline, 0), "Answered");
    // The word stood, and slot 0 has taken its 0 back: the promise ends, the contact still can.
    EXPECT_EQ(story.wait(103s), "83: Paged{reminder, [0 1]}; "
                                "103: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.say(104s, 1, Verb::decline, 0), "Answered");
    EXPECT_EQ(story.say(105s, 0, Verb::decline, 0),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Model, WhoPromisedAndDeclinesEndsThePromiseThoughColleaguesCanHelp)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{600s, {0}}, {600s, {1}}});
    Story story{plan};
    story.submit();
    story.say(1s, 0, Verb::accept);
    EXPECT_EQ(story.say(2s, 1, Verb::decline, 0), "Answered");
    EXPECT_EQ(story.say(3s, 1, Verb::renew), "Answered");
    EXPECT_EQ(story.say(4s, 0, Verb::decline, 0), "Answered"); // slot 1 promises now
    EXPECT_EQ(story.say(5s, 0, Verb::renew), "Answered");
    EXPECT_EQ(story.say(6s, 0, Verb::decline, 0),
              "Answered, HoldEnded{declined}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.fail(7s, 1), "SlotFailed{1}, ContactDeclined{0}, StepOpened{1, 0, declined}, "
                                 "Paged{step, [2]}");
}

TEST(Model, AQuorumOfKindsCountsContactsNotDevices)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::lawyer, 1}, {Kind::peer, 1}}, {{600s, {0, 1, 2}}});
    plan.quorum = {{Kind::peer, 2}, {Kind::lawyer, 1}, {Kind::any, 3}};
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(1s, 0, Verb::accept), "Answered");
    EXPECT_EQ(story.say(2s, 1, Verb::accept), "Answered");
    EXPECT_EQ(story.say(3s, 2, Verb::accept), "Answered");
    EXPECT_EQ(story.wait(60s), "50: Paged{repeat, [3]}");
    EXPECT_EQ(story.say(70s, 3, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.wait(102s), "82: Paged{reminder, [0 1]}; 83: Paged{reminder, [2]}; "
                                "102: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.wait(103s), "103: Lapsed{1}");
}

TEST(Model, OneReminderServesAllWhoAreDue)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::lawyer, 1}}, {{600s, {0, 1}}});
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(0s, 1, Verb::accept);
    story.say(10s, 2, Verb::accept);
    // Due at 80 and at 90; the promise of slot 1 is remembered to it, on call or not.
    EXPECT_EQ(story.tick(95s), "Paged{reminder, [0 1 2]}");
    EXPECT_EQ(story.tick(99s), "-");
    EXPECT_EQ(story.tick(100s), "Lapsed{0}");
    EXPECT_EQ(story.tick(115s), "Lapsed{1}, HoldEnded{lapsed}, Paged{resumed, [0 2]}");
}

TEST(Model, AReminderMissedByTheEndOfTheTermIsNotGiven)
{
    Story story = table_story();
    story.submit();
    story.say(10s, 0, Verb::accept);
    EXPECT_EQ(story.tick(141s), "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0], late}");
    // 50 s of the step remained, the re-page is an interval away, the check 30 s, the desk 40 s.
    EXPECT_EQ(story.wait(191s),
              "171: StepReached{0}; 181: Paged{desk, [1]}; 191: Paged{repeat, [0]}, "
              "StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Model, ATermIsAtLeastFiveSecondsAndAtMostThreeDays)
{
    Story story{table_plan(), 24h * 5};
    story.submit();
    story.say(0s, 0, Verb::accept, 0, 1s);
    EXPECT_EQ(story.model.deadline(), t0 + 4s);
    story.say(0s, 0, Verb::renew, 0, 24h * 4);
    EXPECT_EQ(story.wait(72h - 1s),
              std::to_string(72 * 3600 * 8 / 10) + ": Paged{reminder, [0 1]}");
    EXPECT_EQ(story.model.deadline(), t0 + 72h);
}

TEST(Model, EscalatingByHandUnderAHoldSetsItsAcceptancesAside)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {300s, {2}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.submit();
    story.say(10s, 0, Verb::accept);
    EXPECT_EQ(story.say(20s, author_owner, Verb::escalate, 0),
              "Answered, HoldEnded{escalated}, StepOpened{1, 0, by_hand}, Paged{step, [1]}");
    EXPECT_EQ(story.say(21s, 1, Verb::escalate, 0), "stale");
    EXPECT_EQ(story.model.state_name(), "escalating");
    EXPECT_EQ(story.wait(95s), "50: StepReached{1}; "
                               "80: StepOpened{2, 0, delay}, Paged{step, [2]}; "
                               "90: Paged{reminder, [0]}");
    // A renewal counts again; what has been set aside may still resolve.
    EXPECT_EQ(story.say(96s, 0, Verb::renew), "Answered, HoldBegan");
    EXPECT_EQ(story.say(97s, 2, Verb::escalate, 2),
              "Answered, HoldEnded{escalated}, PlanExhausted, Paged{last_resort, [2]}");
    EXPECT_EQ(story.say(98s, 2, Verb::escalate, 2), "stale");
    EXPECT_EQ(story.say(99s, 0, Verb::resolve), "Answered, Closed{resolved}");
}

TEST(Model, WhatWasSetAsideCountsAgainOnlyByANewWordOfThatContact)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{600s, {0, 1}}, {600s, {2}}});
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.say(1s, 0, Verb::accept);
    EXPECT_EQ(story.say(2s, 1, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.say(3s, 0, Verb::escalate, 0),
              "Answered, HoldEnded{escalated}, StepOpened{1, 0, by_hand}, Paged{step, [2]}");
    EXPECT_EQ(story.say(4s, 0, Verb::renew), "Answered");
    // Contact 1 still holds, but doesn't count: it takes over only when it says so again.
    EXPECT_EQ(story.say(5s, 0, Verb::hand_over, 1), "Answered");
    EXPECT_EQ(story.model.word_of(0), Word::accepted);
    EXPECT_EQ(story.say(6s, 2, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.say(7s, 1, Verb::renew), "Answered");
    EXPECT_EQ(story.model.word_of(0), Word::none);
}

TEST(Model, ALapsedPromiseTakesItsHandOverWithIt)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{600s, {0}}, {600s, {1}}});
    Story story{plan};
    story.submit();
    story.say(10s, 0, Verb::accept);
    story.say(11s, 0, Verb::hand_over, 1);
    story.wait(110s);
    EXPECT_EQ(story.model.word_of(0), Word::lapsed);
    EXPECT_EQ(story.say(111s, 0, Verb::renew), "Answered, HoldBegan");
    EXPECT_EQ(story.say(112s, 1, Verb::accept), "Answered");
    EXPECT_EQ(story.model.word_of(0), Word::accepted);
}

TEST(Model, ADeskDeclinesOnceAndItsWordEndsAColleaguesPromise)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{600s, {0}}, {600s, {1}}});
    Story story{plan};
    story.submit();
    story.say(1s, 0, Verb::accept);
    EXPECT_EQ(story.say(2s, 1, Verb::decline, 1),
              "Answered, ContactDeclined{0}, HoldEnded{declined}, StepOpened{1, 0, declined}, "
              "Paged{step, [2]}");
    EXPECT_EQ(story.say(3s, 0, Verb::decline, 1), "Answered");
    EXPECT_EQ(story.say(4s, 0, Verb::decline, 2), "invalid_argument");
    EXPECT_EQ(story.say(4s, 0, static_cast<Verb>(9)), "invalid_argument");
}

TEST(Model, AnAnswerAfterAMissedStepEndLeavesNothingOfItsDelay)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{60s, {0}}, {60s, {1}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.submit();
    story.wait(30s);
    // No tick came at 60; a promise is judged by the journal, in which the step goes on.
    EXPECT_EQ(story.say(100s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.say(110s, 0, Verb::decline, 0),
              "Answered, HoldEnded{declined}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.model.deadline(), t0 + 110s);
    EXPECT_EQ(story.tick(110s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Model, AReminderForOneDoesNotRemindAnotherWhoseTermHasEnded)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{600s, {0, 1}}});
    Story story{plan};
    story.submit();
    story.say(0s, 0, Verb::accept);
    story.say(5s, 1, Verb::accept);
    EXPECT_EQ(story.tick(102s), "Paged{reminder, [1]}, Lapsed{0}");
}

TEST(Model, RepeatedAndOvertakenAnswersAreToldApart)
{
    Story story = table_story();
    story.submit();
    EXPECT_EQ(story.say(1s, 7, Verb::accept), "not_authorised");
    EXPECT_EQ(story.say(1s, 0, Verb::resolve), "not_authorised"); // leaves number 1 free
    EXPECT_EQ(story.say(2s, 0, Verb::accept), "Answered, HoldBegan");
    const Answered first = story.last_said[0];
    EXPECT_EQ(text(story.feed(3s, Say{first})), "-");
    story.say(4s, 0, Verb::renew);
    EXPECT_EQ(text(story.feed(5s, Say{first})), "stale"); // no longer the last
    Answered zero = first;
    zero.author = 1;
    zero.number = 0;
    EXPECT_EQ(text(story.feed(6s, Say{zero})), "stale");
    EXPECT_EQ(story.say(7s, 0, Verb::resolve), "Answered, Closed{resolved}");
    EXPECT_EQ(text(story.feed(8s, Say{story.last_said[0]})), "-");
    EXPECT_EQ(text(story.feed(2h, Submit{digest(1)})), "-");
    story.presence[0].revoked = true;
    EXPECT_EQ(text(story.feed(9s, Say{story.last_said[0]})), "not_authorised");
}

TEST(Model, WhatIsDueAtTheSameTimeIsDoneInTheOrderOfThePage)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{30s, {0, 1, 2}}, {170s, {3}}});
    plan.quorum = {{Kind::any, 3}};
    plan.desk_delay = 30s;
    plan.repage_interval = 30s;
    plan.last_resort = {3};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(0s, 3, Verb::accept, 0, 30s);
    story.say(6s, 2, Verb::accept, 0, 30s);
    EXPECT_EQ(story.wait(29s), "24: Paged{reminder, [3]}");
    EXPECT_EQ(story.tick(30s), "Lapsed{2}, StepReached{0}, Paged{desk, [1]}, "
                               "Paged{repeat, [0 3]}, StepOpened{1, 0, delay}, Paged{step, [4]}, "
                               "Paged{reminder, [2]}");
    story.wait(219s);
    story.say(220s, 2, Verb::accept);
    EXPECT_EQ(story.wait(300s), "300: Paged{last_resort, [4]}, Paged{reminder, [2]}");
}

TEST(Model, OfTwoLapsesAtTheSameTimeTheEarlierContactOfThePlanIsFirstAndBothPrecedeACancelsEnd)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{600s, {1, 0}}});
    plan.quorum = {{Kind::fund, 1}};
    Story story{plan};
    story.submit();
    story.say(10s, 1, Verb::accept, 0, 300s);
    story.say(10s, 0, Verb::accept, 0, 300s);
    story.say(10s, author_owner, Verb::cancel);
    EXPECT_EQ(story.tick(310s), "Lapsed{0}, Lapsed{1}, HoldEnded{lapsed}, CancelUnconfirmed, "
                                "Paged{resumed, [0 1]}");
}

TEST(Model, AHandOverEndsTheGiversPromiseWhenTheOtherAccepts)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{600s, {0}}, {600s, {1, 2}}});
    plan.quorum = {{Kind::any, 1}};
    Story story{plan};
    story.submit();
    story.say(10s, 0, Verb::accept);
    EXPECT_EQ(story.say(11s, 2, Verb::accept), "not_authorised");
    EXPECT_EQ(story.say(12s, 0, Verb::hand_over, 0), "invalid_argument");
    EXPECT_EQ(story.say(12s, 0, Verb::hand_over, 3), "invalid_argument");
    EXPECT_EQ(story.say(12s, 0, Verb::hand_over, 2), "Answered");
    EXPECT_EQ(story.model.open_slots(), (std::vector<std::uint16_t>{0, 2}));
    EXPECT_EQ(story.say(13s, 0, Verb::renew), "Answered"); // doesn't take it back
    EXPECT_EQ(story.say(14s, 2, Verb::accept), "Answered");
    EXPECT_EQ(story.model.word_of(0), Word::none);
    EXPECT_EQ(story.say(15s, 0, Verb::resolve), "not_authorised");
    // Back to the peer and taken back at once: both hold.
    EXPECT_EQ(story.say(16s, 2, Verb::hand_over, 0), "Answered");
    EXPECT_EQ(story.say(17s, 2, Verb::accept), "Answered");
    EXPECT_EQ(story.say(18s, 0, Verb::accept), "Answered");
    EXPECT_EQ(story.model.word_of(2), Word::accepted);
    // The peer holds already: it takes over at once.
    EXPECT_EQ(story.say(19s, 2, Verb::hand_over, 0), "Answered");
    EXPECT_EQ(story.model.word_of(2), Word::none);
    EXPECT_TRUE(story.model.hold_stands());
}

TEST(Model, AHandOverToTheWrongKindBreaksTheQuorum)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::lawyer, 1}}, {{600s, {0}}, {600s, {1}}});
    plan.quorum = {{Kind::peer, 1}};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(10s, 0, Verb::accept);
    story.say(11s, 0, Verb::hand_over, 1);
    EXPECT_EQ(story.say(12s, 2, Verb::accept),
              "Answered, HoldEnded{handed_over}, Paged{resumed, [0]}");
    EXPECT_EQ(story.wait(52s), "42: StepReached{0}; 52: Paged{desk, [1]}");
}

TEST(Model, WhoWasOpenedByAHandOverIsCalledOnceTheHoldIsGone)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::lawyer, 2}}, {{600s, {0}}});
    plan.last_resort = {1};
    Story story{plan};
    story.presence[2].on_call = false;
    story.submit();
    story.say(10s, 0, Verb::accept);
    story.say(11s, 0, Verb::hand_over, 1);
    EXPECT_EQ(story.wait(150s), "90: Paged{reminder, [0]}; "
                                "110: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}; "
                                "150: Paged{desk, [2]}");
}

TEST(Model, ACancelStopsTheClocksButNotTheTerms)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {600s, {1}}, {60s, {2}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.submit();
    story.wait(30s);
    story.say(40s, 0, Verb::accept);
    EXPECT_EQ(story.say(50s, author_owner, Verb::cancel), "Answered");
    EXPECT_EQ(story.say(60s, author_owner, Verb::cancel), "-");
    EXPECT_EQ(story.say(61s, author_owner, Verb::escalate, 0), "stale");
    // Nothing opens beneath it.
    EXPECT_EQ(story.say(62s, 0, Verb::hand_over, 2), "Answered");
    EXPECT_EQ(story.model.open_slots(), (std::vector<std::uint16_t>{0}));
    EXPECT_EQ(story.say(63s, 2, Verb::accept), "not_authorised");
    EXPECT_EQ(story.wait(300s), "120: Paged{reminder, [0]}; 140: Lapsed{0}, HoldEnded{lapsed}");
    EXPECT_EQ(story.model.state_name(), "cancelling");
    // The named contact opens at its end, and 20 s of the step remained.
    EXPECT_EQ(story.wait(370s), "350: CancelUnconfirmed, Paged{resumed, [0 2]}; "
                                "370: StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(story.say(371s, 0, Verb::confirm_cancel), "stale");
    EXPECT_EQ(story.say(371s, author_owner, Verb::cancel), "-");
    EXPECT_EQ(story.model.state_name(), "escalating");
}

TEST(Model, AHoldBegunBeneathACancelOutlivesIt)
{
    Story story = table_story();
    story.submit();
    story.say(10s, author_owner, Verb::cancel);
    EXPECT_EQ(story.say(290s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.wait(320s), "310: CancelUnconfirmed");
    EXPECT_EQ(story.model.state_name(), "held");
    EXPECT_EQ(story.say(330s, 0, Verb::decline, 0),
              "Answered, ContactDeclined{0}, HoldEnded{declined}, StepOpened{1, 0, declined}, "
              "Paged{step, [2]}");
}

TEST(Model, WhoDeclinedBeneathACancelIsLeftAtItsEnd)
{
    Story story = table_story();
    story.submit();
    story.say(10s, author_owner, Verb::cancel);
    EXPECT_EQ(story.say(20s, 0, Verb::decline, 1), "Answered, ContactDeclined{0}");
    EXPECT_EQ(story.tick(345s),
              "CancelUnconfirmed, StepOpened{1, 0, declined, late}, Paged{step, [2], late}");
    // Left at once, late: the step counts from when escalation resumed.
    EXPECT_EQ(story.model.deadline(), t0 + 395s);
    EXPECT_EQ(story.wait(405s), "395: Paged{repeat, [2]}; 405: PlanExhausted, "
                                "Paged{last_resort, [3]}");
}

TEST(Model, RoundsRepeatAndThenTheLastResortIsCalledWhateverItSaid)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{60s, {0}}, {60s, {1}}});
    plan.repage_interval = 1000s;
    plan.repeat_rounds = 1;
    plan.last_resort = {0, 1};
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.wait(100s),
              "30: StepReached{0}; 60: StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(story.say(100s, 0, Verb::decline, 1), "Answered, ContactDeclined{0}");
    // The new round's first step has nobody left who could help.
    EXPECT_EQ(story.wait(120s), "120: StepOpened{0, 1, delay}, StepOpened{1, 1, declined}, "
                                "Paged{step, [1]}");
    EXPECT_EQ(story.wait(300s), "180: PlanExhausted, Paged{last_resort, [0 1]}; "
                                "280: Paged{last_resort, [0 1]}");
    EXPECT_EQ(story.say(300s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.model.state_name(), "held, exhausted");
    EXPECT_EQ(story.wait(600s), "380: Paged{reminder, [0]}; "
                                "400: Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}; "
                                "500: Paged{last_resort, [0 1]}; 600: Paged{last_resort, [0 1]}");
}

TEST(Model, TheLastResortOfAPlanThatNamesNoneIsItsLastStep)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 2}}, {{60s, {0}}, {60s, {1}}});
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.wait(70s);
    story.say(70s, 1, Verb::accept, 0, 1h);
    // One of two accepted: escalation goes on, and who accepted is not called.
    EXPECT_EQ(story.wait(320s), "100: Paged{repeat, [0]}; 120: PlanExhausted, "
                                "Paged{last_resort, []}; 220: Paged{last_resort, []}; "
                                "320: Paged{last_resort, []}");
}

TEST(Model, TheExpiryEndsEverythingElse)
{
    Story story = table_story();
    story.submit();
    EXPECT_EQ(story.say(1h, 0, Verb::accept), "closed");
    EXPECT_EQ(story.tick(2h), "Closed{expired}");
    EXPECT_EQ(story.model.deadline(), std::nullopt);
    EXPECT_EQ(story.tick(2h), "-");
    EXPECT_EQ(story.model.state_name(), "expired");

    Story never = table_story();
    EXPECT_EQ(text(never.feed(1h, Submit{digest(1)})), "expired");
    EXPECT_EQ(never.model.state_name(), "not submitted");
}

TEST(Model, FollowUpsAreAChainOfAtMostAThousand)
{
    Story story = table_story();
    story.submit();
    const auto add = [&](Author author, std::uint32_t number, Digest previous, Digest body) {
        return text(story.feed(1s, Add{FollowedUp{author, number, previous, body, {}}}));
    };
    EXPECT_EQ(add(0, 1, digest(5), digest(6)), "stale");
    EXPECT_EQ(add(0, 1, {}, digest(6)), "FollowedUp");
    EXPECT_EQ(add(0, 1, {}, digest(6)), "-");
    EXPECT_EQ(add(0, 1, {}, digest(7)), "stale");
    EXPECT_EQ(add(0, 2, {}, digest(7)), "stale");
    EXPECT_EQ(add(0, 2, digest(6), digest(7)), "FollowedUp");
    EXPECT_EQ(add(2, 1, {}, digest(7)), "not_authorised");
    Digest previous;
    for (std::uint32_t i = 1; i <= 998; ++i) {
        ASSERT_EQ(add(author_owner, i, previous, digest(8)), "FollowedUp");
        previous = digest(8);
    }
    EXPECT_EQ(add(author_owner, 999, previous, digest(9)), "too_large");
    EXPECT_EQ(add(author_owner, 998, previous, digest(8)), "-");
}

// ---- Rule 10 --------------------------------------------------------------------------------

TEST(Model, InDoubtAllThatAStepWaitsForIsDoneNowAndWhatIsSetThenCountsFromNow)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {60s, {2}}});
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.doubt(10s), "TimeInDoubt, StepReached{0}, Paged{desk, [1]}, "
                                "Paged{repeat, [0]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.tick(10s), "-");
    EXPECT_EQ(story.wait(70s), "40: StepReached{1}; 60: Paged{repeat, [0 2]}; "
                               "70: StepOpened{2, 0, delay}, Paged{step, [3]}");
}

TEST(Model, InDoubtAnUnreachedStepStartsTheNextOneWhichStillHasItsFullDelay)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {60s, {2}}});
    Story story{plan};
    story.nobody_reached();
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.doubt(10s), "TimeInDoubt, StepOpened{1, 0, unreached}, Paged{step, [2]}, "
                                "Paged{desk, [1]}, Paged{repeat, [0]}");
    EXPECT_EQ(story.wait(70s),
              "60: Paged{repeat, [0 2]}; 70: StepOpened{2, 0, delay}, Paged{step, [3]}");
}

TEST(Model, ADoubtDoesNotRepeatWhatIsNoLongerWaitedFor)
{
    Story story = table_story();
    story.submit();
    EXPECT_EQ(story.wait(45s), "30: StepReached{0}; 40: Paged{desk, [1]}");
    EXPECT_EQ(story.doubt(45s),
              "TimeInDoubt, Paged{repeat, [0]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Model, InDoubtAPromiseBelowTheQuorumLapsesAndItsDeskCountsAnew)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{600s, {0, 1}}, {600s, {1}}});
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(5s, 0, Verb::accept);
    // It lapses first, so that its contact is among those whom the re-page calls.
    EXPECT_EQ(story.doubt(10s), "TimeInDoubt, Lapsed{0}, StepReached{0}, Paged{repeat, [0 2]}, "
                                "StepOpened{1, 0, delay}");
    EXPECT_EQ(story.wait(60s), "50: Paged{desk, [1]}; 60: Paged{repeat, [0 2]}");
}

TEST(Model, InDoubtAPromiseSetAsideLapsesToo)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {60s, {1}}, {60s, {2}}});
    Story story{plan};
    story.submit();
    story.say(10s, 0, Verb::accept);
    story.say(20s, author_owner, Verb::escalate, 0);
    EXPECT_EQ(story.doubt(21s), "TimeInDoubt, Lapsed{0}, StepReached{1}, Paged{repeat, [0 1]}, "
                                "StepOpened{2, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.say(22s, 0, Verb::resolve), "not_authorised");
}

TEST(Model, InDoubtEveryPromiseOfAHoldLapsesInTheOrderOfThePlan)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{600s, {1, 0}}, {600s, {2}}});
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.say(1s, 1, Verb::accept, 0, 50s);
    EXPECT_EQ(story.say(2s, 0, Verb::renew, 0, 500s), "Answered, HoldBegan");
    // Escalation resumes at the first of them, when the other's word still stood.
    EXPECT_EQ(story.doubt(3s),
              "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}, Lapsed{1}");
    EXPECT_EQ(story.wait(60s), "33: StepReached{0}; 53: Paged{repeat, [0 1]}");
}

TEST(Model, NoReminderIsGivenForAPromiseInDoubt)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{600s, {0, 1}}});
    Story story{plan};
    story.submit();
    story.say(0s, 0, Verb::accept);
    story.say(10s, 1, Verb::accept);
    // Due at 80 and missed, and ahead, at 90.
    EXPECT_EQ(story.doubt(85s),
              "TimeInDoubt, Lapsed{0}, Lapsed{1}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.wait(110s), "");
    // A promise made since has a term and a reminder of its own.
    EXPECT_EQ(story.say(110s, 0, Verb::renew), "Answered, HoldBegan");
    EXPECT_EQ(story.wait(200s), "190: Paged{reminder, [0]}");
}

TEST(Model, WhatRemainedOfAStepUnderAHoldOutlastsADoubt)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::fund, 1}}, {{60s, {0}}, {60s, {1}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.wait(44s), "30: StepReached{0}; 40: Paged{desk, [1]}");
    story.say(45s, 0, Verb::accept);
    EXPECT_EQ(story.doubt(50s), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.say(55s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.doubt(65s), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.wait(75s), "75: StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Model, AStepOfWhichNothingRemainedUnderAHoldIsLeftByADoubt)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{60s, {0}}, {60s, {1}}});
    Story story{plan};
    story.submit();
    story.wait(59s);
    story.say(70s, 0, Verb::accept);
    EXPECT_EQ(story.doubt(80s), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}, "
                                "StepOpened{1, 0, delay}, Paged{step, [1]}");
}

TEST(Model, TheChecksAndDesksThatAHoldInterruptedCountAnewAfterADoubt)
{
    Story story = table_story();
    story.submit();
    story.say(10s, 0, Verb::accept);
    EXPECT_EQ(story.doubt(20s), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.wait(70s), "50: StepReached{0}; 60: Paged{desk, [1]}; "
                               "70: Paged{repeat, [0]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Model, InDoubtACancelEndsAndTheStepHasWhatRemained)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}, {Kind::lawyer, 1}},
                        {{60s, {0}}, {600s, {1}}, {60s, {2}}});
    plan.repage_interval = 1000s;
    Story story{plan};
    story.submit();
    story.wait(30s);
    story.say(40s, author_owner, Verb::cancel);
    EXPECT_EQ(story.doubt(50s), "TimeInDoubt, CancelUnconfirmed, Paged{resumed, [0]}");
    EXPECT_EQ(story.say(51s, 0, Verb::confirm_cancel), "stale");
    EXPECT_EQ(story.wait(70s), "70: StepOpened{1, 0, delay}, Paged{step, [1]}");

    // With a hold beneath it, and a contact named in a hand-over.
    Story held{plan};
    held.submit();
    held.wait(30s);
    held.say(40s, 0, Verb::accept);
    held.say(45s, author_owner, Verb::cancel);
    held.say(46s, 0, Verb::hand_over, 2);
    EXPECT_EQ(held.doubt(50s), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, CancelUnconfirmed, "
                               "Paged{resumed, [0 2]}");
    EXPECT_EQ(held.wait(70s), "70: StepOpened{1, 0, delay}, Paged{step, [1]}");
}

TEST(Model, WhoDeclinedBeneathACancelIsLeftByADoubtAndOnTime)
{
    Story story = table_story();
    story.submit();
    story.say(10s, author_owner, Verb::cancel);
    story.say(20s, 0, Verb::decline, 1);
    EXPECT_EQ(story.doubt(25s),
              "TimeInDoubt, CancelUnconfirmed, StepOpened{1, 0, declined}, Paged{step, [2]}");
    EXPECT_EQ(story.wait(85s), "75: Paged{repeat, [2]}; 85: PlanExhausted, "
                               "Paged{last_resort, [3]}");
}

TEST(Model, InDoubtTheLastResortAndItsDeskAreCalledNow)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::lawyer, 2}}, {{60s, {0}}});
    plan.last_resort = {1};
    Story story{plan};
    story.presence[2].on_call = false;
    story.submit();
    story.wait(60s);
    EXPECT_EQ(story.doubt(70s), "TimeInDoubt, Paged{desk, [2]}, Paged{last_resort, [1]}");
    EXPECT_EQ(story.wait(170s), "170: Paged{last_resort, [1]}");
    // Under a hold or a cancel it isn't waited for: it is an interval away afterwards.
    EXPECT_EQ(story.say(171s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.doubt(172s),
              "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.wait(272s), "272: Paged{last_resort, [1]}");
    story.say(273s, author_owner, Verb::cancel);
    EXPECT_EQ(story.doubt(274s), "TimeInDoubt, CancelUnconfirmed, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.wait(374s), "374: Paged{last_resort, [1]}");
}

TEST(Model, InDoubtALastResortThatHadAcceptedBelowTheQuorumIsCalledAgain)
{
    Plan plan = plan_of({{Kind::peer, 1}, {Kind::fund, 1}}, {{60s, {0, 1}}});
    plan.quorum = {{Kind::any, 2}};
    plan.last_resort = {0};
    Story story{plan};
    story.submit();
    story.wait(60s);
    EXPECT_EQ(story.say(61s, 0, Verb::accept), "Answered");
    EXPECT_EQ(story.doubt(62s), "TimeInDoubt, Lapsed{0}, Paged{last_resort, [0]}");
}

TEST(Model, ASecondDoubtRightAfterHastensWhatTheFirstHasSet)
{
    Story story = table_story();
    story.submit();
    story.doubt(10s);
    EXPECT_EQ(story.doubt(10s),
              "TimeInDoubt, Paged{repeat, [0 2]}, PlanExhausted, Paged{last_resort, [3]}");
    EXPECT_EQ(story.doubt(11s), "TimeInDoubt, Paged{last_resort, [3]}");
    EXPECT_EQ(story.doubt(11s), "TimeInDoubt, Paged{last_resort, [3]}");
    EXPECT_EQ(story.tick(11s), "-");
    EXPECT_EQ(story.model.deadline(), t0 + 111s);
}

TEST(Model, WhatWasDueBeforeADoubtIsDoneFirstAndLateInTheOrderOfItsTime)
{
    Plan plan =
        plan_of({{Kind::peer, 2}, {Kind::fund, 1}, {Kind::lawyer, 1}}, {{60s, {0, 1}}, {60s, {2}}});
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(1s, 2, Verb::accept, 0, 500s);
    EXPECT_EQ(story.doubt(100s),
              "TimeInDoubt, StepReached{0}, Paged{desk, [1], late}, Paged{repeat, [0], late}, "
              "StepOpened{1, 0, delay, late}, Paged{step, [3], late}, Lapsed{1}");
    // The late step counts from 60; its end was set after the doubt, which leaves it alone.
    EXPECT_EQ(story.wait(120s), "120: PlanExhausted, Paged{last_resort, [3]}");
}

TEST(Model, OnePageServesTheDesksThatWereDueAndThoseInDoubtAndIsAsLateAsTheEarliest)
{
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::peer, 2}}, {{60s, {0}}, {600s, {1}}});
    plan.desk_delay = 100s;
    plan.repage_interval = 1000s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.presence[3].on_call = false;
    story.submit();
    story.wait(99s);
    EXPECT_EQ(story.doubt(131s), "TimeInDoubt, Paged{desk, [1 3], late}, Paged{repeat, [0 2]}, "
                                 "PlanExhausted, Paged{last_resort, []}");
}

TEST(Model, AnAlertGoesOnPastAnExpiryThatIsNotCertain)
{
    Story story{table_plan(), 20s};
    story.presence[1].on_call = false;
    story.submit();
    story.unsure = 1h;
    EXPECT_EQ(story.tick(20s), "-");
    EXPECT_EQ(story.model.deadline(), t0 + 20s);
    EXPECT_EQ(story.tick(30s), "StepReached{0}");
    EXPECT_EQ(story.tick(40s), "Paged{desk, [1]}");
    EXPECT_EQ(story.tick(60s), "Paged{repeat, [0]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.doubt(70s),
              "TimeInDoubt, Paged{repeat, [0 2]}, PlanExhausted, Paged{last_resort, [3]}");
    EXPECT_EQ(story.tick(170s), "Paged{last_resort, [3]}");
    EXPECT_EQ(story.model.deadline(), t0 + 20s);

    // It ends when it is certain, whatever else is due and in doubt.
    story.unsure = 300s;
    EXPECT_EQ(story.tick(320s - 1ms), "Paged{last_resort, [3], late}");
    EXPECT_EQ(story.doubt(320s), "Closed{expired}");
    EXPECT_EQ(story.model.deadline(), std::nullopt);
    EXPECT_EQ(story.doubt(321s), "-");
}

TEST(Model, WhatIsSaidPastAnExpiryThatIsNotCertainIsHeard)
{
    Story story{table_plan(), 20s};
    story.unsure = 20s;
    const auto add = [&](std::chrono::seconds when, std::uint32_t number, Digest previous) {
        return text(story.feed(when, Add{FollowedUp{0, number, previous, digest(4), {}}}));
    };
    EXPECT_EQ(text(story.feed(40s, Submit{digest(1)})), "expired");
    EXPECT_EQ(text(story.feed(30s, Submit{digest(1)})),
              "AlertStored, StepOpened{0, 0, start}, Paged{step, [0 1]}");
    EXPECT_EQ(story.say(31s, 0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(add(32s, 1, {}), "FollowedUp");
    EXPECT_EQ(story.fail(33s, 1), "SlotFailed{1}");
    EXPECT_EQ(story.say(34s, author_owner, Verb::cancel), "Answered");

    // No tick has closed it, but the expiry has come.
    EXPECT_EQ(story.say(40s, 0, Verb::confirm_cancel), "closed");
    EXPECT_EQ(add(40s, 2, digest(4)), "closed");
    EXPECT_EQ(story.fail(40s, 0), "closed");
    EXPECT_EQ(story.say(40s - 1ms, 0, Verb::confirm_cancel), "Answered, Closed{cancelled}");
}

// ---- Whatever happens -----------------------------------------------------------------------

// A small plan with everything in it: desks, an empty contact, a contact in two steps.
Plan random_plan(std::mt19937& dice)
{
    const auto roll = [&dice](int from, int to) {
        return std::uniform_int_distribution{from, to}(dice);
    };
    Plan plan = plan_of({{Kind::peer, 2}, {Kind::lawyer, 1}, {Kind::media, 0}, {Kind::peer, 3}},
                        {{std::chrono::seconds{roll(1, 90)}, {0}},
                         {std::chrono::seconds{roll(1, 90)}, {1, 2}},
                         {std::chrono::seconds{roll(1, 90)}, {3, 0}}});
    plan.repeat_rounds = static_cast<std::uint32_t>(roll(0, 2));
    plan.desk_delay = std::chrono::seconds{roll(0, 60)};
    plan.repage_interval = std::chrono::seconds{roll(5, 90)};
    plan.last_resort_interval = std::chrono::seconds{roll(5, 90)};
    if (roll(0, 1)) plan.last_resort = {1};
    if (roll(0, 1)) plan.quorum = {{Kind::any, static_cast<std::uint16_t>(roll(1, 2))}};
    return plan;
}

struct Before {
    Phase phase;
    bool held;
};

// What must hold of every transition, whatever led to it.
void check_transition(const Before& before, const std::vector<Event>& events)
{
    std::set<std::uint16_t> called;
    bool held = before.held;
    bool cancelling = before.phase == Phase::cancelling;
    for (const Event& event : events) {
        EXPECT_NE(before.phase, Phase::closed) << text(event);
        if (std::holds_alternative<HoldBegan>(event)) held = true;
        if (std::holds_alternative<HoldEnded>(event)) held = false;
        if (std::holds_alternative<CancelUnconfirmed>(event)) cancelling = false;
        const auto* paged = std::get_if<Paged>(&event);
        if (!paged) continue;
        EXPECT_TRUE((!held && !cancelling) || paged->cause == PageCause::reminder) << text(event);
        EXPECT_TRUE(std::is_sorted(paged->slots.begin(), paged->slots.end())) << text(event);
        for (const std::uint16_t slot : paged->slots)
            EXPECT_TRUE(called.insert(slot).second) << text(event);
    }
}

// What a doubt leaves behind: nothing that was promised or cancelled before it stands.
void check_doubt(const Story& story, const std::vector<Event>& events)
{
    ASSERT_FALSE(events.empty());
    if (events == std::vector<Event>{Closed{Outcome::expired}}) return;
    EXPECT_EQ(text(events.front()), "TimeInDoubt");
    EXPECT_EQ(story.model.phase(), Phase::escalating);
    for (std::uint16_t c = 0; c < story.plan.contacts.size(); ++c)
        EXPECT_NE(story.model.word_of(c), Word::accepted) << c;
    for (const Event& event : events) {
        const auto* paged = std::get_if<Paged>(&event);
        EXPECT_FALSE(paged && paged->cause == PageCause::reminder) << text(event);
    }
}

TEST(Model, KeepsItsPromisesInRandomStories)
{
    std::map<std::string, int> seen;
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937 dice{seed};
        const auto roll = [&dice](int from, int to) {
            return std::uniform_int_distribution{from, to}(dice);
        };
        Story story{random_plan(dice), 20min};
        Model& model = story.model;
        auto now = 0ms;
        for (int i = 0; i < 60; ++i) {
            now += std::chrono::milliseconds{roll(0, 40'000)};
            for (SlotPresence& slot : story.presence)
                slot = {slot.revoked || roll(0, 300) == 0, roll(0, 2) > 0, roll(0, 2) > 0};
            Answered answer{};
            answer.author = roll(0, 6) == 0 ? author_owner : static_cast<Author>(roll(0, 6));
            answer.verb = static_cast<Verb>(roll(1, 8));
            if (answer.author == author_owner)
                answer.verb = roll(0, 2) ? Verb::escalate : Verb::cancel;
            answer.target = static_cast<std::uint32_t>(roll(0, 3));
            answer.term = std::chrono::seconds{roll(0, 200)};
            answer.number = static_cast<std::uint32_t>(i + 1);
            const bool in_doubt = roll(0, 15) == 0;
            story.unsure = std::chrono::milliseconds{roll(0, 2) ? 0 : roll(0, 300'000)};
            Command command = Tick{in_doubt};
            if (i == 0) command = Submit{digest(1)};
            if (i > 0 && roll(0, 2) == 0) command = Say{answer};
            if (roll(0, 60) == 0) command = CannotOpen{static_cast<std::uint16_t>(roll(0, 6))};

            const Before before{model.phase(), model.hold_stands()};
            const bool open = before.phase != Phase::closed && before.phase != Phase::not_submitted;
            const bool due = open && (in_doubt || *model.deadline() <= t0 + now);
            // A deadline that is an expiry not certain yet promises nothing.
            const bool uncertain = model.deadline() == t0 + 20min && now - story.unsure < 20min;
            const Reply reply = story.feed(now, command);
            const auto* events = std::get_if<std::vector<Event>>(&reply);
            if (events) check_transition(before, *events);
            if (std::holds_alternative<Tick>(command)) {
                if (!uncertain || in_doubt) {
                    EXPECT_EQ(due, text(reply) != "-") << "seed " << seed << ", command " << i;
                }
                if (open && in_doubt) check_doubt(story, *events);
                EXPECT_EQ(story.tick(now), "-") << "seed " << seed << ", command " << i;
            }
            EXPECT_TRUE(!model.deadline() || *model.deadline() <= t0 + 20min);
            ++seen[model.state_name()];
        }
    }
    EXPECT_EQ(seen.size(), 12u) << testing::PrintToString(seen);
}

} // namespace
} // namespace tocsin::sim
