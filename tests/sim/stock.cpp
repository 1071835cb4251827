#include "tests/sim/stock.hpp"

#include "tests/sim/dice.hpp"
#include "tests/support/plans.hpp"

#include "client-lib/crypto/hash.hpp"

#include <algorithm>
#include <stdexcept>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t contacts = 6;
// Kinds of the contacts, so that a quorum may ask for one.
constexpr std::array<Kind, contacts> kinds{Kind::peer,  Kind::protection_desk, Kind::lawyer,
                                           Kind::peer,  Kind::embassy,         Kind::network};
constexpr std::array<std::size_t, contacts> devices_of{3, 2, 1, 1, 2, 1};

Digest bytes_of(std::string_view what, std::size_t number, std::size_t part)
{
    const std::string text = std::string(what) + ' ' + std::to_string(number) + ' ' +
                             std::to_string(part);
    return crypto::hash("sim/stock", {{reinterpret_cast<const std::uint8_t*>(text.data()),
                                       text.size()}});
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

// Two contacts have a rota, each of two people; one of the people has two devices, and the second
// rota has hours at which nobody is on call.
std::uint32_t person_of(std::uint32_t contact, std::size_t device)
{
    if (devices_of[contact] == 1) return 0;
    return 10 * (contact + 1) + static_cast<std::uint32_t>(device % 2) + 1;
}

protocol::ContactSchedule rota_of(std::uint32_t contact, std::vector<DutyHours> only)
{
    Rotation rotation;
    rotation.people = {person_of(contact, 0), person_of(contact, 1)};
    rotation.begin = LocalMinute{std::chrono::floor<std::chrono::minutes>(
        tocsin::test::t0.time_since_epoch())};
    rotation.turn = 60min;
    rotation.only = std::move(only);
    return {contact + 1, Schedule{"Etc/UTC", {rotation}, {}}};
}

} // namespace

Stock::Stock()
    : publisher_(tocsin::test::numbered<OrgId>(1)),
      zone_(load_zone("Etc/UTC").value()),
      operator_key_(crypto::BoxKey::generate())
{
    admin_ = &publisher_.enrol(protocol::Role::admin);
    for (std::uint32_t contact = 0; contact < contacts; ++contact)
        for (std::size_t i = 0; i < devices_of[contact]; ++i) {
            mutable_desks_.push_back(&publisher_.enrol(protocol::Role::contact, contact + 1));
            mutable_desks_.back()->person = person_of(contact, i);
        }
    publisher_.schedules = {rota_of(0, {}), rota_of(1, {{DutyHours::every_day, 30min, 90min}})};
    desks_.assign(mutable_desks_.begin(), mutable_desks_.end());
    for (int i = 0; i < 8; ++i)
        senders_.push_back(&publisher_.enrol(protocol::Role::defender));
}

bool Stock::on_call(const service::test::Device& device, TimePoint at) const
{
    for (const protocol::ContactSchedule& schedule : publisher_.schedules)
        if (schedule.contact == device.contact)
            return std::ranges::count(tocsin::on_call(schedule.schedule, zone_, at),
                                      device.person) != 0;
    return true;
}

const Bytes& Stock::directory(std::size_t n)
{
    while (directories_.size() <= n) {
        if (!directories_.empty())
            mutable_desks_[revoked_by(directories_.size() - 1)]->revoked = true;
        directories_.push_back(publisher_.next(tocsin::test::t0));
    }
    return directories_[n];
}

protocol::CompiledPlan Stock::plan(std::size_t number) const
{
    Dice dice(number * 7919 + 17);
    std::vector<std::uint32_t> chosen{1, 2, 3, 4, 5, 6};
    for (std::size_t i = chosen.size() - 1; i > 0; --i)
        std::swap(chosen[i], chosen[dice.below(i + 1)]);
    chosen.resize(1 + dice.below(4));

    protocol::CompiledPlan to;
    Plan& plan = to.plan;
    for (const std::uint32_t contact : chosen) {
        const auto index = static_cast<std::uint16_t>(plan.contacts.size());
        plan.contacts.push_back({contact, kinds[contact - 1]});
        for (const service::test::Device* device : desks_) {
            if (device->contact != contact) continue;
            plan.slots.push_back({device->mailbox, index, {}});
            protocol::Recipient recipient;
            recipient.device = protocol::device_id(device->sign.public_key());
            recipient.mailbox = device->mailbox;
            recipient.sign_key = device->sign.public_key();
            recipient.contact = index;
            recipient.key = device->last_resort.public_key();
            to.recipients.push_back(recipient);
        }
    }
    // Every contact has a step; some have two, some are kept for the end as well.
    for (std::uint16_t i = 0; i < plan.contacts.size(); ++i) {
        const auto delay = std::chrono::seconds(10 + 10 * dice.below(30));
        if (plan.steps.empty() || dice.chance(600))
            plan.steps.push_back({delay, {i}});
        else
            plan.steps.back().contacts.push_back(i);
    }
    if (dice.chance(200)) plan.steps.push_back({60s, {0}});
    if (dice.chance(300)) plan.last_resort = {static_cast<std::uint16_t>(plan.contacts.size() - 1)};
    if (dice.chance(400))
        plan.quorum.push_back(
            {dice.chance(500) ? Kind::any : plan.contacts[0].kind,
             static_cast<std::uint16_t>(dice.chance(600) ? 1 : plan.contacts.size())});
    if (!plan.quorum.empty() && plan.quorum[0].kind != Kind::any) plan.quorum[0].count = 1;
    plan.term = std::chrono::seconds(30 + 30 * dice.below(60));
    plan.repage_interval = std::chrono::seconds(5 + 5 * dice.below(40));
    plan.desk_delay = std::chrono::seconds(10 * dice.below(20));
    plan.repeat_rounds = static_cast<std::uint32_t>(dice.below(3));
    plan.last_resort_interval = std::chrono::seconds(30 + 30 * dice.below(30));
    to.life = std::chrono::hours(2 + dice.below(22));
    return to;
}

Sealed Stock::seal(std::size_t number) const
{
    const protocol::CompiledPlan to = plan(number);
    protocol::SealSecrets secrets = secrets_of(number, to.plan.slots.size());
    std::vector<crypto::SignKey> answer_keys;
    for (const auto& slot : secrets.slots)
        answer_keys.push_back(slot.answer_key.clone());
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
                  .answer_keys = std::move(answer_keys)};
}

const Sealed& Stock::alert(std::size_t number)
{
    while (alerts_.size() <= number)
        alerts_.push_back(seal(alerts_.size()));
    return alerts_[number];
}

} // namespace tocsin::sim
