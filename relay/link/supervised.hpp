// Spawning without forgetting: an exception of a spawned coroutine is a defect and is reported.
#pragma once

#include "relay/service/ports/telemetry.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace tocsin::link {

// `telemetry` outlives the coroutine.
template <class Executor>
void spawn_supervised(const Executor& executor, boost::asio::awaitable<void> work,
                      service::Telemetry& telemetry)
{
    boost::asio::co_spawn(executor, std::move(work), [&telemetry](std::exception_ptr defect) {
        if (defect) telemetry.note(service::Level::alarm, "relay.defect");
    });
}

} // namespace tocsin::link
