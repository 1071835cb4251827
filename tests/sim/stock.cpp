#include "tests/sim/stock.hpp"

#include "tests/sim/dice.hpp"
#include "tests/support/plans.hpp"

#include "client-lib/crypto/hash.hpp"

#include <algorithm>
#include <stdexcept>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

Digest bytes_of(std::string_view what, std::size_t number, std::size_t part)
{
    const std::string text =
        std::string(what) + ' ' + std::to_string(number) + ' ' + std::to_string(part);
    return crypto::hash("sim/stock",
                        {{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}});
}

protocol::SealSecrets secrets_of(std::size_t number, std::size_t slots)
{
    protocol::SealSecrets secrets{
        .id = tocsin::test::numbered<AlertId>(static_cast<std::uint32_t>(number)),
        .reply_mailbox = tocsin::test::numbered<MailboxId>(static_cast<std::uint32_t>(number)),
        .key = crypto::Secret<32>::copy_of(bytes_of("key", number, 0).view()),
        .owner_key = crypto::SignKey::from_seed(bytes_of("owner", number, 0).view()),
        .nonce = {},
        .slots = {}};
    for (std::size_t i = 0; i < slots; ++i)
        secrets.slots.push_back(
            {crypto::SignKey::from_seed(bytes_of("answer", number, i).view()),
             crypto::BoxKey::from_secret(bytes_of("ephemeral", number, i).view())});
    return secrets;
}

// Every kind of plan there is.
Shape::Draft small_draft(std::size_t number)
{
    Dice dice(number * 7919 + 17);
    Shape::Draft draft;
    std::vector<std::uint32_t>& chosen = draft.contacts;
    chosen = {1, 2, 3, 4, 5, 6};
    for (std::size_t i = chosen.size() - 1; i > 0; --i)
        std::swap(chosen[i], chosen[dice.below(i + 1)]);
    chosen.resize(1 + dice.below(4));
    const auto count = static_cast<std::uint16_t>(chosen.size());

    Plan& plan = draft.plan;
    // Every contact has a step; some have two, some are kept for the end as well.
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto delay = std::chrono::seconds(10 + 10 * dice.below(30));
        if (plan.steps.empty() || dice.chance(600))
            plan.steps.push_back({delay, {i}});
        else
            plan.steps.back().contacts.push_back(i);
    }
    if (dice.chance(200)) plan.steps.push_back({60s, {0}});
    if (dice.chance(300)) plan.last_resort = {static_cast<std::uint16_t>(count - 1)};
    if (dice.chance(400))
        plan.quorum.push_back(
            {dice.chance(500) ? Kind::any : small_shape().contacts[chosen[0] - 1].kind,
             static_cast<std::uint16_t>(dice.chance(600) ? 1 : count)});
    if (!plan.quorum.empty() && plan.quorum[0].kind != Kind::any) plan.quorum[0].count = 1;
    plan.term = std::chrono::seconds(30 + 30 * dice.below(60));
    plan.repage_interval = std::chrono::seconds(5 + 5 * dice.below(40));
    plan.desk_delay = std::chrono::seconds(10 * dice.below(20));
    plan.repeat_rounds = static_cast<std::uint32_t>(dice.below(3));
    plan.last_resort_interval = std::chrono::seconds(30 + 30 * dice.below(30));
    // Some end while the story goes on.
    draft.life = dice.chance(300) ? std::chrono::seconds(1200 + 60 * dice.below(60))
                                  : std::chrono::hours(2 + dice.below(22));
    return draft;
}

} // namespace

Shape small_shape()
{
    Shape shape;
    shape.contacts = {
        {.kind = Kind::peer, .devices = 3, .has_rota = true},
        {.kind = Kind::protection_desk,
         .devices = 2,
         .has_rota = true,
         .only = {{DutyHours::every_day, 30min, 90min}}},
        {.kind = Kind::lawyer},
        {.kind = Kind::peer},
        {.kind = Kind::embassy, .devices = 2},
        {.kind = Kind::network},
    };
    shape.draft = small_draft;
    shape.directories = 9;
    return shape;
}

// If there are more devices than people, somebody has two.
std::uint32_t Stock::person_of(std::uint32_t contact, std::size_t device) const
{
    if (shape_.contacts[contact].devices == 1) return 0;
    return 100 * (contact + 1) +
           static_cast<std::uint32_t>(device % shape_.contacts[contact].people) + 1;
}

protocol::ContactSchedule Stock::rota_of(std::uint32_t contact) const
{
    Rotation rotation;
    for (std::size_t i = 0; i < shape_.contacts[contact].people; ++i)
        rotation.people.push_back(person_of(contact, i));
    rotation.begin =
        LocalMinute{std::chrono::floor<std::chrono::minutes>(tocsin::test::t0.time_since_epoch())};
    rotation.turn = shape_.contacts[contact].turn;
    rotation.only = shape_.contacts[contact].only;
    return {contact + 1, Schedule{"Etc/UTC", {rotation}, {}}};
}

Stock::Stock(Shape shape)
    : shape_(std::move(shape)),
      publisher_(tocsin::test::numbered<OrgId>(1)),
      zone_(load_zone("Etc/UTC").value()),
      operator_key_(crypto::BoxKey::generate())
{
    admin_ = &publisher_.enrol(protocol::Role::admin);
    for (std::uint32_t contact = 0; contact < shape_.contacts.size(); ++contact) {
        for (std::size_t i = 0; i < shape_.contacts[contact].devices; ++i) {
            mutable_desks_.push_back(&publisher_.enrol(protocol::Role::contact, contact + 1));
            mutable_desks_.back()->person = person_of(contact, i);
            places_.emplace(mutable_desks_.back()->mailbox, places_.size());
        }
        if (shape_.contacts[contact].has_rota) publisher_.schedules.push_back(rota_of(contact));
    }
    desks_.assign(mutable_desks_.begin(), mutable_desks_.end());
    for (std::size_t i = 0; i < shape_.senders; ++i)
        senders_.push_back(&publisher_.enrol(protocol::Role::defender));
    publish();
    while (directories_.size() < shape_.directories) {
        change(directories_.size());
        publish();
    }
}

// What admins do while alerts are open: shut devices out, and change who is on call when.
void Stock::change(std::size_t version)
{
    auto& schedules = publisher_.schedules;
    switch (version % 4) {
    case 1: // somebody's device is lost
        mutable_desks_[version * 5 % mutable_desks_.size()]->revoked = true;
        break;
    case 2: // the turns change
        for (protocol::ContactSchedule& each : schedules) {
            Rotation& rotation = each.schedule.rotations.front();
            std::swap(rotation.people[0], rotation.people[1]);
            rotation.only.clear();
        }
        break;
    case 3: // a device changes hands
        for (service::test::Device* device : mutable_desks_)
            if (device->contact == 1) device->person = device->person == 101 ? 102 : 101;
        break;
    default: // one desk has hours now, in which somebody is on call, and another no turns at all
        schedules.front().schedule.rotations.front().only = {{DutyHours::every_day, 10min, 40min}};
        if (schedules.size() > 1) schedules.pop_back();
    }
}

void Stock::publish()
{
    Directory& next = directories_.emplace_back();
    next.published = publisher_.next(tocsin::test::t0);
    next.schedules = publisher_.schedules;
    for (const service::test::Device* device : desks_) {
        next.revoked.push_back(device->revoked);
        next.persons.push_back(device->person);
    }
}

bool Stock::on_call(std::size_t version, std::size_t place, TimePoint at) const
{
    const Directory& directory = directories_[version];
    if (directory.persons[place] == 0) return true;
    for (const protocol::ContactSchedule& schedule : directory.schedules)
        if (schedule.contact == desks_[place]->contact)
            return std::ranges::count(tocsin::on_call(schedule.schedule, zone_, at),
                                      directory.persons[place]) != 0;
    return true;
}

protocol::CompiledPlan Stock::compile(std::size_t number) const
{
    const Shape::Draft draft = shape_.draft(number);
    protocol::CompiledPlan to;
    to.plan = draft.plan;
    to.life = draft.life;
    for (const std::uint32_t contact : draft.contacts) {
        const auto index = static_cast<std::uint16_t>(to.plan.contacts.size());
        to.plan.contacts.push_back({contact, shape_.contacts[contact - 1].kind});
        for (const service::test::Device* device : desks_) {
            if (device->contact != contact) continue;
            to.plan.slots.push_back({device->mailbox, index, {}});
            protocol::Recipient recipient;
            recipient.device = protocol::device_id(device->sign.public_key());
            recipient.mailbox = device->mailbox;
            recipient.sign_key = device->sign.public_key();
            recipient.contact = index;
            recipient.key = device->last_resort.public_key();
            to.recipients.push_back(recipient);
        }
    }
    return to;
}

Sealed Stock::seal(std::size_t number) const
{
    const protocol::CompiledPlan to = compile(number);
    protocol::SealSecrets secrets = secrets_of(number, to.plan.slots.size());
    const service::test::Device& sender = *senders_[number % senders_.size()];
    const protocol::Sender from{sender.sign, publisher_.certificate(sender),
                                publisher_.directory_key(), 1, false};
    AlertContent content;
    content.category = Category::arrest;
    auto sealed = protocol::seal_with(std::move(secrets), content, to, from, publisher_.org,
                                      tocsin::test::t0);
    if (!sealed) throw std::logic_error("the stock makes a plan that can't be sealed");
    const auto envelope = protocol::parse_envelope(sealed->envelope, tocsin::test::t0).value();
    return Sealed{.id = sealed->id,
                  .envelope = sealed->envelope,
                  .digest = protocol::envelope_digest(sealed->envelope),
                  .header_hash = sealed->header_hash,
                  .plan = envelope.plan,
                  .expires_at = TimePoint(envelope.header.expires_at),
                  .owner_key = std::move(sealed->owner_key),
                  .number = number};
}

const crypto::SignKey& Sealed::answer_key(std::uint16_t slot) const
{
    const auto found = answer_keys.find(slot);
    if (found != answer_keys.end()) return found->second;
    return answer_keys
        .emplace(slot, crypto::SignKey::from_seed(bytes_of("answer", number, slot).view()))
        .first->second;
}

const Sealed& Stock::alert(std::size_t number)
{
    const auto found = alerts_.find(number);
    return found != alerts_.end() ? found->second
                                  : alerts_.emplace(number, seal(number)).first->second;
}

void Stock::seal_until(std::size_t count)
{
    for (std::size_t number = 0; number < count; ++number)
        static_cast<void>(alert(number));
}

} // namespace tocsin::sim
