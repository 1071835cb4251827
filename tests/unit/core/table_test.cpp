// docs/escalation.md holds a table, state by state, of what every command leads to. This test reads
// it from the page and drives the core through every cell, so the page cannot drift from the code.
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>

namespace tocsin::core {
namespace {

constexpr const char* never = "never"; // the command cannot arise in this state

// The plan of the table, in the words of the page.
Story table_story()
{
    Plan plan =
        make_plan({{Kind::peer, 2}, {Kind::protection_desk, 1}, {Kind::lawyer, 1}}, {{0}, {1}});
    plan.last_resort = {2};
    plan.term = 100s;
    plan.desk_delay = 40s;
    plan.repage_interval = 50s;
    plan.last_resort_interval = 100s;
    Story story{plan, t0 + 1h};
    story.presence[1].on_call = false;
    return story;
}

Story submitted()
{
    Story story = table_story();
    story.submit();
    story.walk_to(t0 + 10s);
    return story;
}

Story at_second_step()
{
    Story story = submitted();
    story.walk_to(t0 + 70s);
    return story;
}

Story exhausted()
{
    Story story = submitted();
    story.walk_to(t0 + 130s);
    return story;
}

Story held()
{
    Story story = submitted();
    story.say(0, Verb::accept);
    story.walk_to(t0 + 20s);
    return story;
}

Story cancelling()
{
    Story story = submitted();
    story.say(author_owner, Verb::cancel);
    story.walk_to(t0 + 20s);
    return story;
}

Story cancelling_held()
{
    Story story = held();
    story.say(author_owner, Verb::cancel);
    story.walk_to(t0 + 30s);
    return story;
}

Story closed()
{
    Story story = held();
    story.say(0, Verb::resolve);
    story.walk_to(t0 + 30s);
    return story;
}

using Build = std::function<Story()>;
using Row = std::pair<std::string, std::function<std::string(Story&)>>;

const std::vector<std::pair<std::string, Build>>& states()
{
    static const std::vector<std::pair<std::string, Build>> all{
        {"not submitted", table_story},
        {"first step", submitted},
        {"second step", at_second_step},
        {"exhausted", exhausted},
        {"held", held},
        {"cancelling", cancelling},
        {"cancelling, held", cancelling_held},
        {"closed", closed}};
    return all;
}

// Ticks at the time of one deadline, if this state waits for it.
std::function<std::string(Story&)> tick_when(DueKind kind)
{
    return [kind](Story& story) -> std::string {
        if (!story.alert.stored || story.alert.phase == Phase::closed) return never;
        // What stands in its way is done first, as it would be in life, unless it is the cancel's
        // own end: that leads to another state.
        for (int turns = 0; turns < 8; ++turns) {
            const std::optional<Due> due = next_due(story.alert);
            if (!due || (due->kind == DueKind::cancel_end && kind != DueKind::cancel_end) ||
                (due->kind == DueKind::step && kind != DueKind::step) ||
                (due->kind == DueKind::lapse && kind != DueKind::lapse &&
                 story.alert.phase == Phase::acknowledged))
                return never;
            story.now = due->at;
            const std::string events = story.tick();
            if (due->kind == kind) return events;
        }
        return never;
    };
}

std::string another_step(Story& story, Author author)
{
    return story.say(author, Verb::escalate, story.alert.step == 0 ? 1 : 0);
}

const std::vector<Row>& rows()
{
    static const std::vector<Row> all{
        {"Submit", [](Story& s) { return s.submit(); }},
        {"Submit of another envelope", [](Story& s) { return s.run(Submit{numbered<Digest>(8)}); }},
        {"Tick before its time", [](Story& s) { return s.tick(); }},
        {"Tick at the reach check, a device live", tick_when(DueKind::unreached)},
        {"Tick at the reach check, none live",
         [](Story& s) {
             for (SlotPresence& slot : s.presence)
                 slot.reached = false;
             return tick_when(DueKind::unreached)(s);
         }},
        {"Tick at the desk delay", tick_when(DueKind::desk)},
        {"Tick at the re-page", tick_when(DueKind::repage)},
        {"Tick at the step's delay", tick_when(DueKind::step)},
        {"Tick at the last resort", tick_when(DueKind::last_resort)},
        {"Tick at the reminder", tick_when(DueKind::reminder)},
        {"Tick at the end of the term", tick_when(DueKind::lapse)},
        {"Tick at the end of the cancel", tick_when(DueKind::cancel_end)},
        {"Tick at the expiry", [](Story& s) { return s.tick_at(s.alert.expires_at); }},
        {"Tick at the expiry, not certain",
         [](Story& s) {
             s.walk_to(s.alert.expires_at);
             s.certain = s.alert.expires_at - 1ms;
             return s.tick();
         }},
        {"Tick in doubt", [](Story& s) { return s.tick_in_doubt(); }},
        {"accept by slot 0", [](Story& s) { return s.say(0, Verb::accept); }},
        {"renew by slot 0", [](Story& s) { return s.say(0, Verb::renew); }},
        {"decline (person) by slot 0", [](Story& s) { return s.say(0, Verb::decline); }},
        {"decline (person) by slot 1", [](Story& s) { return s.say(1, Verb::decline); }},
        {"decline (desk) by slot 0", [](Story& s) { return s.say(0, Verb::decline, 1); }},
        {"decline (desk) by slot 1", [](Story& s) { return s.say(1, Verb::decline, 1); }},
        {"resolve by slot 0", [](Story& s) { return s.say(0, Verb::resolve); }},
        {"hand_over to contact 1 by slot 0", [](Story& s) { return s.say(0, Verb::hand_over, 1); }},
        {"escalate the current step by slot 0",
         [](Story& s) { return s.say(0, Verb::escalate, s.alert.step); }},
        {"escalate another step by slot 0", [](Story& s) { return another_step(s, 0); }},
        {"confirm_cancel by slot 0", [](Story& s) { return s.say(0, Verb::confirm_cancel); }},
        {"cancel by slot 0", [](Story& s) { return s.say(0, Verb::cancel); }},
        {"cancel by the sender", [](Story& s) { return s.say(author_owner, Verb::cancel); }},
        {"escalate the current step by the sender",
         [](Story& s) { return s.say(author_owner, Verb::escalate, s.alert.step); }},
        {"escalate another step by the sender",
         [](Story& s) { return another_step(s, author_owner); }},
        {"accept by the sender", [](Story& s) { return s.say(author_owner, Verb::accept); }},
        {"accept by slot 3", [](Story& s) { return s.say(3, Verb::accept); }},
        {"accept by slot 0, revoked",
         [](Story& s) {
             s.presence[0].revoked = true;
             return s.say(0, Verb::accept);
         }},
        {"the last answer again",
         [](Story& s) -> std::string {
             for (auto entry = s.journal.rbegin(); entry != s.journal.rend(); ++entry)
                 for (const Event& event : entry->events)
                     if (const auto* answer = std::get_if<Answered>(&event))
                         return s.run(Say{*answer});
             return never;
         }},
        {"accept by slot 0 with a passed number",
         [](Story& s) { return s.run(Say{make_answer(0, Verb::accept, 0)}); }},
        {"the first follow-up of slot 0", [](Story& s) { return s.add(0, 1, 11); }},
        {"the second follow-up of slot 0, without a first",
         [](Story& s) { return s.add(0, 2, 12, 11); }},
        {"the first follow-up of the sender", [](Story& s) { return s.add(author_owner, 1, 11); }},
        {"CannotOpen of slot 0", [](Story& s) { return s.run(CannotOpen{0}); }},
        {"CannotOpen of slot 3", [](Story& s) { return s.run(CannotOpen{3}); }},
    };
    return all;
}

std::string trimmed(std::string text)
{
    std::erase(text, '`');
    const auto first = text.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// state -> command -> what follows
using Table = std::map<std::string, std::map<std::string, std::string>>;

Table read_table()
{
    std::ifstream page{TOCSIN_SOURCE_DIR "/docs/escalation.md"};
    Table table;
    std::string state;
    for (std::string line; std::getline(page, line);) {
        if (line.rfind("### State: ", 0) == 0)
            state = line.substr(11);
        else if (line.rfind("#", 0) == 0)
            state.clear();
        if (state.empty() || line.rfind("| ", 0) != 0) continue;
        const auto middle = line.find('|', 1);
        const auto end = line.find('|', middle + 1);
        const std::string command = trimmed(line.substr(1, middle - 1));
        if (command == "command" || command == "---") continue;
        EXPECT_FALSE(table[state].contains(command)) << state << ": " << command << " twice";
        table[state][command] = trimmed(line.substr(middle + 1, end - middle - 1));
    }
    return table;
}

TEST(EscalationTable, EveryCellOfThePageIsWhatTheCoreDoes)
{
    const Table table = read_table();
    for (const auto& [state, build] : states()) {
        ASSERT_TRUE(table.contains(state)) << state;
        for (const auto& [command, drive] : rows()) {
            ASSERT_TRUE(table.at(state).contains(command)) << state << ": " << command;
            Story story = build();
            EXPECT_EQ(drive(story), table.at(state).at(command)) << state << ": " << command;
            EXPECT_EQ(story.folded(), story.alert) << state << ": " << command;
        }
    }
}

TEST(EscalationTable, ThePageNamesNoStateOrCommandThatIsNotDriven)
{
    std::set<std::string> known;
    for (const auto& [command, drive] : rows())
        known.insert(command);
    const Table table = read_table();
    EXPECT_EQ(table.size(), states().size());
    for (const auto& [state, cells] : table)
        for (const auto& [command, cell] : cells)
            EXPECT_TRUE(known.contains(command)) << state << ": " << command;
}

// Prints the table as the core has it: to be judged cell by cell before it goes into the page.
TEST(EscalationTable, DISABLED_PrintsWhatTheCoreDoes)
{
    for (const auto& [state, build] : states()) {
        std::cout << "### State: " << state << "\n\n| command | what follows |\n| --- | --- |\n";
        for (const auto& [command, drive] : rows()) {
            Story story = build();
            std::cout << "| " << command << " | `" << drive(story) << "` |\n";
        }
        std::cout << "\n";
    }
}

} // namespace
} // namespace tocsin::core
