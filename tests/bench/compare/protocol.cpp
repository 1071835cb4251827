#include "tests/bench/compare/protocol.hpp"

#include <stdexcept>

namespace tocsin::bench::compare {

ProtocolKind protocol_named(const std::string& name)
{
    if (name == "floor") return {Greeting::tls_at_once, make_floor};
    if (name == "mqtt") return {Greeting::tls_at_once, make_mqtt};
    if (name == "nats") return {Greeting::line_before_tls, make_nats};
    if (name == "amqp") return {Greeting::tls_at_once, make_amqp};
    throw std::runtime_error("no such protocol: " + name);
}

} // namespace tocsin::bench::compare
