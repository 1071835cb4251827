#include "tests/sim/people.hpp"

#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// A sealed note is bytes of a fixed size to the relay, and this is one.
Bytes note_bytes(std::uint32_t number)
{
    constexpr std::size_t seal_bytes = 24 + 16; // nonce and tag
    return Bytes(limits::note_sizes.front() + seal_bytes, static_cast<std::uint8_t>(number));
}

protocol::Answer signed_answer(const Sealed& sealed, const crypto::SignKey& key, Author author,
                               std::uint32_t number, Verb verb, std::uint32_t target,
                               std::chrono::seconds term)
{
    protocol::Answer message;
    message.alert = sealed.id;
    message.note = note_bytes(number);
    message.answered.author = author;
    message.answered.verb = verb;
    message.answered.number = number;
    message.answered.term = term;
    message.answered.target = target;
    message.answered.note_hash = protocol::note_hash(message.note);
    protocol::sign_answer(message.answered, key, sealed.header_hash);
    return message;
}

bool is_of_the_disk(const protocol::RelayMessage& reply)
{
    const auto* error = std::get_if<protocol::Error>(&reply);
    return error != nullptr &&
           (error->code == Errc::storage_failed || error->code == Errc::storage_full);
}

} // namespace

// ---- a desk ----

Desk::Desk(Surroundings& around, Agenda::Actor actor, Dice dice,
           const service::test::Device& device, const std::vector<std::unique_ptr<Cell>>& cells,
           const std::unordered_map<AlertId, const Sealed*>& sealed, const Manners& manners)
    : Phone(around, actor, dice, device.auth, cells),
      sealed_(sealed),
      manners_(manners)
{
}

void Desk::linked(Line& line)
{
    for (const auto& [id, opened] : opened_) {
        if (opened.unconfirmed[line.number()]) repeat(line, id);
        if (line.cell().judge.is_open(id) && dice_.chance(200))
            line.ask(protocol::Follow{id, 0, {}, false});
    }
}

void Desk::hear(Line& line, const protocol::RelayMessage& message)
{
    if (const auto* called = std::get_if<protocol::Ring>(&message)) ring(line, called->alert);
    const auto* deliver = std::get_if<protocol::Deliver>(&message);
    if (!deliver) return;
    receive(line, *deliver);
    if (deliver->call) ring(line, protocol::decode_header(deliver->header).value().alert);
}

// Two relays call for one alert: it rings once.
void Desk::ring(Line& line, const AlertId& id)
{
    if (const auto it = opened_.find(id); it != opened_.end() && lines() > 1) {
        Opened& opened = it->second;
        if (opened.rung_at && opened.rung_by != line.number() &&
            around_.truth - *opened.rung_at < 1min) {
            ++around_.counts["cells: a second ring dropped"];
            return;
        }
        opened.rung_at = around_.truth;
        opened.rung_by = line.number();
    }
    // Some sleep on.
    if (!dice_.chance(manners_.sleeps_on))
        later(dice_.between(manners_.thinks_min, manners_.thinks_max), [this, id] { think(id); });
}

void Desk::receive(Line& line, const protocol::Deliver& message)
{
    const AlertId id = protocol::decode_header(message.header).value().alert;
    const auto sealed = sealed_.find(id);
    if (sealed == sealed_.end()) return;
    const bool fresh =
        opened_
            .emplace(id,
                     Opened{.sealed = sealed->second,
                            .slot = message.slot_number,
                            .unconfirmed = std::vector<std::optional<protocol::Answer>>(lines())})
            .second;
    if (!fresh)
        ++around_
              .counts[lines() > 1 ? "cells: a second delivery dropped" : "a delivery came again"];
    line.ask(protocol::Delivered{{id}});
    if (fresh && dice_.chance(manners_.cannot_open)) return line.ask(protocol::CannotOpen{id});
    if (fresh || lines() > 1)
        line.ask(protocol::Opened{
            id, protocol::sign_opened(sealed->second->answer_key(message.slot_number),
                                      sealed->second->header_hash)});
}

// What a person does who was called.
void Desk::think(const AlertId& id)
{
    const auto it = opened_.find(id);
    if (it == opened_.end()) return;
    const Opened& opened = it->second;
    if (std::ranges::all_of(opened.unconfirmed, [](const auto& said) { return said.has_value(); }))
        return;
    const std::size_t contacts = opened.sealed->plan.contacts.size();
    std::uint64_t mood = dice_.below(1000);
    if (opened.holds) {
        if (mood < manners_.resolves) return say(id, Verb::resolve);
        if (!dice_.chance(manners_.odd)) return say(id, Verb::renew);
        mood = dice_.below(700);
        if (mood < 250) return say(id, Verb::renew, 0, std::chrono::seconds(dice_.below(600)));
        if (mood < 350)
            return say(id, Verb::hand_over, static_cast<std::uint32_t>(dice_.below(contacts)));
        if (mood < 450) return say(id, Verb::decline);
        if (mood < 500) return say(id, Verb::escalate, static_cast<std::uint32_t>(dice_.below(4)));
        return; // forgets it: the promise lapses
    }
    if (mood < manners_.accepts)
        return say(id, Verb::accept, 0,
                   std::chrono::seconds(
                       dice_.below(static_cast<std::uint64_t>(manners_.term_max.count()))));
    if (!dice_.chance(manners_.odd)) return;
    mood = dice_.below(600);
    if (mood < 200) return say(id, Verb::decline, static_cast<std::uint32_t>(dice_.below(2)));
    if (mood < 280) return say(id, Verb::escalate, static_cast<std::uint32_t>(dice_.below(4)));
    if (mood < 340) return say(id, Verb::confirm_cancel);
    if (mood < 360) return say(id, Verb::resolve);
    if (mood < 370) return say(id, Verb::cancel); // nobody here may
    if (mood < 380) return say(id, Verb::decline, 7);
}

bool Desk::accept(const AlertId& id, std::chrono::seconds term)
{
    if (!opened_.contains(id)) return false;
    say(id, Verb::accept, 0, term);
    return true;
}

bool Desk::confirm_cancel(const AlertId& id)
{
    if (!opened_.contains(id)) return false;
    say(id, Verb::confirm_cancel);
    return true;
}

void Desk::say(const AlertId& id, Verb verb, std::uint32_t target, std::chrono::seconds term)
{
    Opened& opened = opened_.at(id);
    const protocol::Answer answer =
        signed_answer(*opened.sealed, opened.sealed->answer_key(opened.slot), opened.slot,
                      opened.number + 1, verb, target, term);
    // One relay may take what the other refuses: a number is never used again.
    if (lines() > 1) ++opened.number;
    for (std::size_t i = 0; i < lines(); ++i) {
        opened.unconfirmed[i] = answer;
        repeat(line(i), id);
    }
}

void Desk::repeat(Line& line, const AlertId& id)
{
    const protocol::Answer& answer = *opened_.at(id).unconfirmed[line.number()];
    const Verb verb = answer.answered.verb;
    const std::uint32_t number = answer.answered.number;
    line.ask(answer, [this, &line, id, verb, number](const protocol::RelayMessage& reply) {
        Opened& now = opened_.at(id);
        auto& said = now.unconfirmed[line.number()];
        if (!said || said->answered.number != number) return;
        if (is_of_the_disk(reply))
            return later(dice_.between(1s, 10s), [this, &line, id] {
                if (opened_.at(id).unconfirmed[line.number()]) repeat(line, id);
            });
        said.reset();
        // A refused answer leaves its number free.
        if (std::holds_alternative<protocol::Error>(reply)) return;
        now.number = std::max(now.number, number);
        if (verb == Verb::accept || verb == Verb::renew) now.holds = true;
        if (verb == Verb::decline || verb == Verb::resolve) now.holds = false;
        if (now.holds) later(dice_.between(5s, 10min), [this, id] { think(id); });
    });
}

void Desk::overhear(Line& line, const protocol::DeviceMessage& question,
                    const protocol::RelayMessage& reply)
{
    if (const auto* answer = std::get_if<protocol::Answer>(&question))
        line.cell().judge.told(*answer, reply);
}

// ---- a defender ----

Sender::Sender(Surroundings& around, Agenda::Actor actor, Dice dice,
               const service::test::Device& device, const std::vector<std::unique_ptr<Cell>>& cells)
    : Phone(around, actor, dice, device.auth, cells)
{
}

void Sender::raise(const Sealed& sealed, unsigned restless)
{
    Mine& mine = mine_[sealed.id];
    mine.sealed = &sealed;
    mine.restless = restless;
    mine.confirmed.resize(lines());
    mine.unconfirmed.resize(lines());
    mine.words_sent.resize(lines());
    for (std::size_t i = 0; i < lines(); ++i) {
        line(i).cell().judge.expect(sealed);
        if (line(i).is_linked())
            submit(line(i), sealed.id);
        else
            line(i).connect();
    }
}

void Sender::linked(Line& line)
{
    for (const auto& [id, mine] : mine_) {
        if (!mine.confirmed[line.number()]) {
            submit(line, id);
        } else if (line.cell().judge.is_open(id)) {
            repeat(line, id);
            if (!dice_.chance(300)) continue;
            const bool outcome = dice_.chance(500);
            line.ask(protocol::Follow{
                id, 0, protocol::sign_follow(mine.sealed->owner_key, line.binding(), id, outcome),
                outcome});
        }
    }
}

void Sender::submit(Line& line, const AlertId& id)
{
    line.ask(protocol::Submit{mine_.at(id).sealed->envelope},
             [this, &line, id](const protocol::RelayMessage& reply) {
                 Mine& mine = mine_.at(id);
                 if (std::holds_alternative<protocol::Receipt>(reply)) {
                     const bool first = std::ranges::count(mine.confirmed, true) == 0;
                     if (mine.confirmed[line.number()]) return;
                     mine.confirmed[line.number()] = true;
                     if (first && dice_.chance(mine.restless))
                         later(dice_.between(10s, 20min), [this, id] { trouble(id); });
                     return;
                 }
                 if (std::get<protocol::Error>(reply).code == Errc::expired) return;
                 later(dice_.between(1s, 15s), [this, &line, id] {
                     if (!mine_.at(id).confirmed[line.number()]) submit(line, id);
                 });
             });
    // "Unknown, safe to retry."
    later(20s, [this, &line, id] {
        if (!mine_.at(id).confirmed[line.number()] && line.is_linked()) submit(line, id);
    });
}

bool Sender::is_open(const AlertId& id) const
{
    for (std::size_t i = 0; i < lines(); ++i)
        if (const_cast<Sender*>(this)->line(i).cell().judge.is_open(id)) return true;
    return false;
}

void Sender::say(Mine& mine, Verb verb, std::uint32_t target)
{
    const protocol::Answer answer = signed_answer(*mine.sealed, mine.sealed->owner_key,
                                                  author_owner, mine.number + 1, verb, target, 0s);
    if (lines() > 1) ++mine.number;
    for (auto& said : mine.unconfirmed)
        said = answer;
}

void Sender::cancel(const AlertId& id)
{
    say(mine_.at(id), Verb::cancel);
    for (std::size_t i = 0; i < lines(); ++i)
        repeat(line(i), id);
}

// What a defender may do after the press.
void Sender::trouble(const AlertId& id)
{
    Mine& mine = mine_.at(id);
    if (!is_open(id)) return;
    const bool waits =
        std::ranges::all_of(mine.unconfirmed, [](const auto& said) { return said.has_value(); });
    const std::uint64_t mood = dice_.below(1000);
    if (waits) {
    } else if (mood < 120) {
        say(mine, Verb::cancel);
    } else if (mood < 300) {
        say(mine, Verb::escalate, static_cast<std::uint32_t>(dice_.below(4)));
    } else if (mood < 320) {
        say(mine, Verb::accept); // not for a sender to say
    } else if (mood < 600) {
        protocol::FollowUp message;
        const auto number = static_cast<std::uint32_t>(mine.words.size() + 1);
        message.alert = id;
        message.body = note_bytes(number);
        message.followed_up.author = author_owner;
        message.followed_up.number = number;
        if (!mine.words.empty())
            message.followed_up.previous = mine.words.back().followed_up.body_hash;
        message.followed_up.body_hash = protocol::follow_up_hash(message.body);
        protocol::sign_follow_up(message.followed_up, mine.sealed->owner_key,
                                 mine.sealed->header_hash);
        mine.words.push_back(std::move(message));
    }
    for (std::size_t i = 0; i < lines(); ++i)
        repeat(line(i), id);
    later(dice_.between(1min, 40min), [this, id] { trouble(id); });
}

void Sender::repeat(Line& line, const AlertId& id)
{
    const std::size_t number = line.number();
    Mine& mine = mine_.at(id);
    if (const auto& said = mine.unconfirmed[number])
        line.ask(*said, [this, number, id,
                         said_number = said->answered.number](const protocol::RelayMessage& reply) {
            Mine& now = mine_.at(id);
            auto& waiting = now.unconfirmed[number];
            if (!waiting || waiting->answered.number != said_number || is_of_the_disk(reply))
                return;
            if (std::holds_alternative<protocol::Done>(reply))
                now.number = std::max(now.number, said_number);
            waiting.reset();
        });
    if (const std::size_t next = mine.words_sent[number]; next < mine.words.size())
        line.ask(mine.words[next], [this, number, id, next](const protocol::RelayMessage& reply) {
            Mine& now = mine_.at(id);
            if (now.words_sent[number] != next || is_of_the_disk(reply)) return;
            now.words_sent[number] =
                std::holds_alternative<protocol::Done>(reply) ? next + 1 : SIZE_MAX;
        });
}

void Sender::overhear(Line& line, const protocol::DeviceMessage& question,
                      const protocol::RelayMessage& reply)
{
    if (const auto* receipt = std::get_if<protocol::Receipt>(&reply))
        line.cell().judge.told_receipt(*receipt);
    if (const auto* answer = std::get_if<protocol::Answer>(&question))
        line.cell().judge.told(*answer, reply);
    if (const auto* added = std::get_if<protocol::FollowUp>(&question))
        line.cell().judge.told(*added, reply);
}

} // namespace tocsin::sim
