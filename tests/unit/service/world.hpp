// A relay's service with its surroundings: the memory engine, time that the test advances, and an
// organisation whose devices connect over links that remember. Nothing sleeps, nothing is mocked
// behind the ports.
#pragma once

#include "relay/service/escalator.hpp"
#include "relay/service/service.hpp"
#include "relay/store/memory/memory_store.hpp"
#include "tests/support/plans.hpp"
#include "tests/unit/service/ports.hpp"
#include "tests/unit/service/publisher.hpp"
#include "tests/unit/service/scripted_store.hpp"

#include "client-lib/protocol/seal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace tocsin::service::test {

using namespace std::chrono_literals;
using tocsin::test::t0;

// A device's link to the relay.
struct Visit {
    PeerPtr peer;
    std::shared_ptr<RecordingLink> link;

    std::string heard() const { return link->take(); }
};

// A reply that may not have come yet.
using Reply = std::shared_ptr<std::optional<protocol::RelayMessage>>;

// "done", "receipt", ..., or the name of the error.
std::string told(const protocol::RelayMessage& reply);
std::string told(const Reply& reply); // "" while nobody has replied
std::string told(const boost::system::error_code& error);

// An alert as those hold it who may speak about it.
struct Sent {
    Sent(protocol::SealedAlert sealed, std::vector<crypto::SignKey> slot_keys);

    AlertId id;
    Bytes envelope;
    Digest header_hash;
    Digest digest;
    crypto::SignKey owner_key;
    crypto::Secret<32> payload_key;
    std::vector<crypto::SignKey> answer_keys; // by slot

    [[nodiscard]] protocol::Answer answer(Author author, Verb verb, std::uint32_t target = 0,
                                          std::chrono::seconds term = 0s);
    // Signed by a key of the caller's choice, over what the caller made of it.
    [[nodiscard]] protocol::Answer signed_by(protocol::Answer answer,
                                             const crypto::SignKey& key) const;
    [[nodiscard]] protocol::FollowUp follow_up(Author author);
    [[nodiscard]] protocol::Opened opened(std::uint16_t slot) const;
    [[nodiscard]] protocol::Follow follow(std::uint64_t have = 0) const;
    enum class Hears { until_cancelled, outcome };
    [[nodiscard]] protocol::Follow follow_as_owner(const Visit& over, Hears hears,
                                                   std::uint64_t have = 0) const;

private:
    [[nodiscard]] const crypto::SignKey& key_of(Author author) const;
    std::map<Author, std::uint32_t> answers_;
    std::map<Author, std::pair<std::uint32_t, Digest>> follow_ups_;
};

class World {
public:
    World();
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // ---- the cast; contact 0 of the plan has two devices, contact 1 has one ----

    static OrgId the_org();
    Publisher org{the_org()};
    crypto::BoxKey operator_key = crypto::BoxKey::generate(); // of the operator's invitation
    Device& admin = org.enrol(protocol::Role::admin);
    Device& sender = org.enrol(protocol::Role::defender);
    Device& day = org.enrol(protocol::Role::contact, 1);     // slot 0
    Device& night = org.enrol(protocol::Role::contact, 1);   // slot 1
    Device& embassy = org.enrol(protocol::Role::contact, 2); // slot 2
    Device& lawyer = org.enrol(protocol::Role::contact, 3);  // of no plan
    Device& joiner = org.enrol(protocol::Role::invitation);

    // ---- the relay ----

    boost::asio::io_context io;
    FakeClock clock{t0};
    RecordingTelemetry telemetry;
    store::MemoryStore memory;
    ScriptedStore store{memory};
    crypto::SignKey relay_key = crypto::SignKey::generate();
    std::unique_ptr<Service> service;
    std::unique_ptr<Escalator> escalator;

    // Runs until everybody waits for something.
    void run();
    // Lets time pass, and everybody wake at their time.
    void advance(std::chrono::milliseconds by);
    // The relay stops and starts again over the same store; links are gone.
    void restart();
    void start_escalator(Escalator::Options options = {});
    // Runs something of the relay to its end.
    template <class T>
    T wait_for(boost::asio::awaitable<T> work);
    // The alert as the relay has it.
    [[nodiscard]] LoadedPtr loaded(const AlertId& id);
    // Its journal as text, entry by entry.
    [[nodiscard]] std::vector<std::string> journal(const AlertId& id);

    // ---- devices ----

    Visit connect(const Device& device);
    Visit connect_operator();
    void leave(const Visit& visit) { service->detach(visit.peer); }
    Reply begin(const Visit& visit, protocol::DeviceMessage message);
    // The reply, which must have come.
    protocol::RelayMessage ask(const Visit& visit, protocol::DeviceMessage message);
    std::string tell(const Visit& visit, protocol::DeviceMessage message)
    {
        return told(ask(visit, std::move(message)));
    }

    // ---- alerts ----

    // Step 0 calls contact 0, step 1 contact 1, 60 s each; term 100 s, re-page 50 s, last resort
    // every 100 s, desk delay 40 s.
    [[nodiscard]] protocol::CompiledPlan plan() const;
    [[nodiscard]] Sent seal(const protocol::CompiledPlan& to) const;
    [[nodiscard]] Sent seal_as(const AlertId& id, const protocol::CompiledPlan& to) const;
    // Sealed and stored; the relay has given its receipt.
    [[nodiscard]] Sent raise(const protocol::CompiledPlan& to);
    [[nodiscard]] Sent raise() { return raise(plan()); }

private:
    [[nodiscard]] Sent seal_with(protocol::SealSecrets secrets,
                                 const protocol::CompiledPlan& to) const;
    Visit visit(Standing standing);
    std::uint8_t visits_ = 0;
};

template <class T>
T World::wait_for(boost::asio::awaitable<T> work)
{
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(work), [&result](std::exception_ptr defect, T value) {
        if (defect) std::rethrow_exception(defect);
        result = std::move(value);
    });
    run();
    return std::move(result.value());
}

} // namespace tocsin::service::test
