// Time as the service sees it: docs/escalation.md, rule 10.
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
    // What people are called by: steady; where it can't know, ahead rather than behind.
    [[nodiscard]] virtual TimePoint now() const = 0;
    // What ends go by (expiry, destruction, validity): no clock says that it is earlier.
    [[nodiscard]] virtual TimePoint certain() const { return now(); }
    // Somebody who keeps time has vouched for `now` since the machine started.
    [[nodiscard]] virtual bool is_settled() const { return true; }
    // Every open alert is to be ticked in doubt, once; then say that it is done.
    [[nodiscard]] virtual bool is_in_doubt() const { return false; }
    virtual void doubt_is_done() {}
    [[nodiscard]] virtual std::unique_ptr<Sleeper> sleeper() = 0;
};

} // namespace tocsin::service
