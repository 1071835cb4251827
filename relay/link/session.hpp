// One peer, from the accepted socket until it leaves, stalls or breaks the protocol.
#pragma once

#include "relay/service/service.hpp"

#include "client-lib/crypto/box.hpp"
#include "client-lib/net/websocket.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace tocsin::link {

namespace asio = boost::asio;

// What a plain HTTP request needs to know.
struct Health {
    std::function<bool()> ready; // this node can commit
};

struct SessionContext {
    service::Service& service;
    service::Telemetry& telemetry;
    const crypto::BoxKey& session_key; // proves the relay
    Health health;
};

// Serves one peer; never throws for a peer's fault. Owns the connection. `context` outlives it. Until the
// proof holds, a peer costs at most the TLS state and one bounded HTTP head.
asio::awaitable<void> run_session(net::ServerConnection connection, const SessionContext& context);

} // namespace tocsin::link
