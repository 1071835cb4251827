#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/words.hpp"

#include <gtest/gtest.h>

namespace tocsin::service::test {

namespace {

struct Telling {
    std::string operator()(const protocol::Done&) const { return "done"; }
    std::string operator()(const protocol::Error& e) const { return std::string(name_of(e.code)); }
    std::string operator()(const protocol::Receipt&) const { return "receipt"; }
    std::string operator()(const protocol::Directory&) const { return "directory"; }
    std::string operator()(const protocol::Prekeys&) const { return "prekeys"; }
    std::string operator()(const protocol::JoinRequests&) const { return "join requests"; }
    std::string operator()(const protocol::JoinAnswer&) const { return "join answer"; }
    std::string operator()(const protocol::Heartbeat&) const { return "heartbeat"; }
    template <class Other>
    std::string operator()(const Other&) const
    {
        return "something that is no reply";
    }
};

void rethrow(std::exception_ptr defect)
{
    if (defect) std::rethrow_exception(defect);
}

store::Identity identity_of(const OrgId& org, const crypto::BoxKey& operator_key)
{
    store::Identity identity;
    identity.org = org;
    identity.epoch.fill(0xE0);
    identity.admin_invitation = protocol::auth_hash(operator_key.public_key());
    return identity;
}

} // namespace

std::string told(const protocol::RelayMessage& reply) { return std::visit(Telling{}, reply); }

std::string told(const Reply& reply) { return *reply ? told(**reply) : ""; }

std::string told(const boost::system::error_code& error)
{
    return std::string(name_of(static_cast<Errc>(error.value())));
}

// ---- what people say about an alert ----

Sent::Sent(protocol::SealedAlert sealed, std::vector<crypto::SignKey> slot_keys)
    : id(sealed.id),
      envelope(std::move(sealed.envelope)),
      header_hash(sealed.header_hash),
      digest(protocol::envelope_digest(envelope)),
      owner_key(std::move(sealed.owner_key)),
      payload_key(std::move(sealed.payload_key)),
      answer_keys(std::move(slot_keys))
{
}

const crypto::SignKey& Sent::key_of(Author author) const
{
    return author == author_owner ? owner_key : answer_keys.at(author);
}

protocol::Answer Sent::answer(Author author, Verb verb, std::uint32_t target,
                              std::chrono::seconds term)
{
    protocol::Answer message;
    message.alert = id;
    message.answered.author = author;
    message.answered.verb = verb;
    message.answered.number = ++answers_[author];
    message.answered.term = term;
    message.answered.target = target;
    const protocol::NoteContext context{header_hash, author, verb, message.answered.number, target};
    // The relay never opens it: who signed within is all the same here.
    message.note =
        protocol::seal_note(AnswerNote{}, context, payload_key.view(), key_of(author)).value();
    return signed_by(std::move(message), key_of(author));
}

protocol::Answer Sent::signed_by(protocol::Answer message, const crypto::SignKey& key) const
{
    message.answered.note_hash = protocol::note_hash(message.note);
    protocol::sign_answer(message.answered, key, header_hash);
    return message;
}

protocol::FollowUp Sent::follow_up(Author author)
{
    auto& [number, previous] = follow_ups_[author];
    protocol::FollowUp message;
    message.alert = id;
    message.followed_up.author = author;
    message.followed_up.number = ++number;
    message.followed_up.previous = previous;
    const protocol::FollowUpContext context{header_hash, author, number, previous};
    FollowUpNote note;
    note.text = "They have left by the northern road.";
    message.body =
        protocol::seal_follow_up(note, context, payload_key.view(), key_of(author)).value();
    message.followed_up.body_hash = protocol::follow_up_hash(message.body);
    protocol::sign_follow_up(message.followed_up, key_of(author), header_hash);
    previous = message.followed_up.body_hash;
    return message;
}

protocol::Opened Sent::opened(std::uint16_t slot) const
{
    return {id, protocol::sign_opened(answer_keys.at(slot), header_hash)};
}

protocol::Follow Sent::follow(std::uint64_t have) const { return {id, have, {}, false}; }

protocol::Follow Sent::follow_as_owner(const Visit& over, Hears hears, std::uint64_t have) const
{
    const bool outcome = hears == Hears::outcome;
    const Signature signature =
        protocol::sign_follow(owner_key, over.peer->channel_binding, id, outcome);
    return {id, have, signature, outcome};
}

// ---- the relay ----

OrgId World::the_org() { return tocsin::test::numbered<OrgId>(1); }

World::World() : memory(identity_of(org.org, operator_key))
{
    restart();
    const Visit first = connect_operator();
    EXPECT_EQ(tell(first, protocol::PutDirectory{org.next(clock.now())}), "done");
    leave(first);
}

// Whoever still waits is let through: nothing may be left that refers to this world.
World::~World()
{
    if (escalator) escalator->stop();
    store.let_go();
    run();
}

void World::run()
{
    io.restart();
    io.poll();
}

void World::advance(std::chrono::milliseconds by)
{
    const TimePoint target = clock.truth() + by;
    for (auto next = clock.next_wake(); next && *next <= target; next = clock.next_wake()) {
        clock.set(*next);
        run();
    }
    clock.set(target);
    run();
}

void World::restart()
{
    if (escalator) escalator->stop();
    run();
    escalator.reset();
    service = std::make_unique<Service>(
        Service::Ports{io.get_executor(), store, clock, telemetry, relay_key});
    const Result<void> started = wait_for(service->start());
    EXPECT_TRUE(started) << started.error().message();
}

void World::start_escalator(Escalator::Options options)
{
    escalator = std::make_unique<Escalator>(store, clock, telemetry, service->room(), options);
    boost::asio::co_spawn(io, escalator->run(), rethrow);
    run();
}

LoadedPtr World::loaded(const AlertId& id) { return wait_for(service->alerts().find(id)).value(); }

std::vector<std::string> World::journal(const AlertId& id)
{
    const store::StoredAlert stored = wait_for(memory.load(id)).value();
    std::vector<std::string> entries;
    for (const store::Row& row : stored.rows)
        entries.push_back(tocsin::test::show(protocol::decode_entry(row.entry).value().events));
    return entries;
}

// ---- devices ----

Visit World::visit(Standing standing)
{
    std::array<std::uint8_t, 32> binding{};
    binding.fill(++visits_);
    Visit made;
    made.link = std::make_shared<RecordingLink>();
    made.peer = service->attach(std::move(standing), binding, made.link);
    if (made.peer->standing.role == protocol::Role::contact)
        boost::asio::co_spawn(io, service->catch_up(made.peer), rethrow);
    run();
    return made;
}

Visit World::connect(const Device& device)
{
    return visit(service->standing(device.auth.public_key()).value());
}

Visit World::connect_operator()
{
    return visit(service->standing(operator_key.public_key()).value());
}

Reply World::begin(const Visit& visit, protocol::DeviceMessage message)
{
    Reply reply = std::make_shared<std::optional<protocol::RelayMessage>>();
    boost::asio::co_spawn(io, service->handle(visit.peer, std::move(message)),
                          [reply](std::exception_ptr defect, protocol::RelayMessage value) {
                              rethrow(defect);
                              *reply = std::move(value);
                          });
    run();
    return reply;
}

protocol::RelayMessage World::ask(const Visit& visit, protocol::DeviceMessage message)
{
    return begin(visit, std::move(message))->value();
}

// ---- alerts ----

protocol::CompiledPlan World::plan() const
{
    protocol::CompiledPlan to;
    to.plan.contacts = {{1, Kind::protection_desk}, {2, Kind::embassy}};
    to.plan.steps = {{60s, {0}}, {60s, {1}}};
    to.plan.term = 100s;
    to.plan.repage_interval = 50s;
    to.plan.desk_delay = 40s;
    to.plan.last_resort_interval = 100s;
    to.life = 24h;
    for (const Device* device : {&day, &night, &embassy}) {
        const auto contact = static_cast<std::uint16_t>(device->contact - 1);
        to.plan.slots.push_back({device->mailbox, contact, {}});
        protocol::Recipient recipient;
        recipient.device = protocol::device_id(device->sign.public_key());
        recipient.mailbox = device->mailbox;
        recipient.sign_key = device->sign.public_key();
        recipient.contact = contact;
        recipient.key = device->last_resort.public_key();
        to.recipients.push_back(recipient);
    }
    return to;
}

Sent World::seal_with(protocol::SealSecrets secrets, const protocol::CompiledPlan& to) const
{
    std::vector<crypto::SignKey> answer_keys;
    for (const auto& slot : secrets.slots)
        answer_keys.push_back(slot.answer_key.clone());
    const protocol::Sender from{sender.sign, org.certificate(sender), org.directory_key(),
                                org.version, false};
    AlertContent content;
    content.category = Category::arrest;
    content.text = "Arrested at the market.";
    return {
        protocol::seal_with(std::move(secrets), content, to, from, org.org, clock.truth()).value(),
        std::move(answer_keys)};
}

Sent World::seal(const protocol::CompiledPlan& to) const
{
    return seal_with(protocol::SealSecrets::random(to.plan.slots.size()), to);
}

Sent World::seal_as(const AlertId& id, const protocol::CompiledPlan& to) const
{
    protocol::SealSecrets secrets = protocol::SealSecrets::random(to.plan.slots.size());
    secrets.id = id;
    return seal_with(std::move(secrets), to);
}

Sent World::raise(const protocol::CompiledPlan& to)
{
    Sent sent = seal(to);
    const Visit visit = connect(sender);
    EXPECT_EQ(tell(visit, protocol::Submit{sent.envelope}), "receipt");
    leave(visit);
    return sent;
}

} // namespace tocsin::service::test
