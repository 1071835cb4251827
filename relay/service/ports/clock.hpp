// Time as the service sees it. The real one is relay/platform's; a simulator brings its own.
#pragma once

#include <tocsin/journal.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace tocsin::service {

// One sleeper that others may wake: "until then, or until something earlier turns up".
class Sleeper {
public:
    virtual ~Sleeper() = default;
    virtual boost::asio::awaitable<void> until(TimePoint when) = 0;
    // Ends the present sleep, or the next one at once when nobody sleeps.
    virtual void wake() = 0;
};

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual TimePoint now() const = 0;
    [[nodiscard]] virtual std::unique_ptr<Sleeper> sleeper() = 0;
};

} // namespace tocsin::service
