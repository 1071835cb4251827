// What the load generator needs of a peer's protocol, whichever it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tocsin::bench::compare {

class Connection;

enum class Role {
    sender,
    recipient,
    registering, // makes a recipient known, so that alerts wait for it, and takes none
    idle,        // logs in, and waits for alerts of its own that never come
    visitor,     // only logs in
};

struct Client {
    Role role = Role::visitor;
    std::size_t index = 0; // among those of its role
};

// Told what a connection brings.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void on_ready(Connection& connection) = 0; // logged in, and subscribed if it is to be
    virtual void on_confirmed(Connection& connection, std::uint64_t number) = 0;
    virtual void on_delivered(Connection& connection, std::string_view payload) = 0;
    virtual void on_closed(Connection& connection) = 0; // by the peer
};

// A client's side of a protocol, for one connection.
class Protocol {
public:
    Protocol(Connection& connection, Listener& listener, Client client)
        : connection_(connection),
          listener_(listener),
          client_(client)
    {
    }
    virtual ~Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    virtual void start() = 0;                                 // TLS is up
    virtual std::size_t parse(std::string_view received) = 0; // how many bytes were used
    virtual void publish(std::uint64_t number, std::string_view payload) = 0;
    virtual void leave() {} // what a client says before it closes

protected:
    [[nodiscard]] bool receives() const
    {
        return client_.role == Role::recipient || client_.role == Role::registering;
    }

    Connection& connection_;
    Listener& listener_;
    Client client_;
};

enum class Greeting { tls_at_once, line_before_tls };

struct ProtocolKind {
    Greeting greeting;
    std::unique_ptr<Protocol> (*make)(Connection&, Listener&, Client);
};

// "floor", "mqtt", "nats" or "amqp".
ProtocolKind protocol_named(const std::string& name);

std::unique_ptr<Protocol> make_floor(Connection& connection, Listener& listener, Client client);
std::unique_ptr<Protocol> make_mqtt(Connection& connection, Listener& listener, Client client);
std::unique_ptr<Protocol> make_nats(Connection& connection, Listener& listener, Client client);
std::unique_ptr<Protocol> make_amqp(Connection& connection, Listener& listener, Client client);

} // namespace tocsin::bench::compare
