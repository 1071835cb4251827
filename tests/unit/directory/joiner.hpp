// The other side of a join: a device with its keys, as a client makes them.
#pragma once

#include "client-lib/protocol/invitation.hpp"

#include <tocsin/directory.hpp>

#include <optional>
#include <string>

namespace tocsin::test {

using namespace std::chrono_literals;

inline const TimePoint t0{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

Errc code_of(const boost::system::error_code& error);
template <class T>
Errc code(const Result<T>& result)
{
    return result ? Errc{} : code_of(result.error());
}

// What `tocsind init` prints.
std::string operator_code(TimePoint expires_at = t0 + 24h);
Organisation new_organisation();
// Three contacts (goma, desk, embassy), one policy that calls them in this order.
DirectoryFile small_file();
DirectoryFile file(std::string text);

struct Joiner {
    crypto::SignKey sign = crypto::SignKey::generate();
    crypto::BoxKey auth = crypto::BoxKey::generate();
    crypto::BoxKey roster = crypto::BoxKey::generate();
    crypto::BoxKey last_resort = crypto::BoxKey::generate();
    crypto::SignKey contact = crypto::SignKey::generate();
    MailboxId mailbox;

    Joiner();

    [[nodiscard]] protocol::DeviceCard card() const;
    [[nodiscard]] DeviceId id() const { return card().device; }
    // As a defender, or with a list of this one device under the contact key.
    [[nodiscard]] Bytes request(const Invited& invited, InviteAs as) const;
    [[nodiscard]] Bytes request(const Invited& invited,
                                const protocol::JoinRequestBody& body) const;
};

// Invited and admitted.
void join(Organisation& organisation, const Joiner& joiner, InviteAs as, std::string_view who,
          TimePoint now = t0);

// What one device sees of a publication.
struct Seen {
    protocol::VerifiedPublication publication;
    protocol::Roster roster;
    std::optional<protocol::SignedBytes> certificate;
};
// Verifies as the relay and as the device do. `trust` moves on.
Result<Seen> see(ByteView published, protocol::Trust& trust, const Joiner& joiner, TimePoint now);
protocol::Trust trust_of(const Organisation& organisation);
const protocol::RoutingDevice* routed(const protocol::RoutingView& view,
                                      const BoxPublicKey& auth_key);

} // namespace tocsin::test
