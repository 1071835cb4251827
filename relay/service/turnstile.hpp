// One at a time, first come first served, for coroutines of one executor.
#pragma once

#include "relay/service/parking.hpp"

#include <boost/asio/awaitable.hpp>

#include <utility>

namespace tocsin::service {

class Turnstile {
public:
    // Lets the next one through when it goes. Movable, empty after a move.
    class Pass {
    public:
        explicit Pass(Turnstile* owner) : owner_(owner) {}
        Pass(Pass&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass()
        {
            if (owner_) owner_->leave();
        }

    private:
        Turnstile* owner_;
    };

    boost::asio::awaitable<Pass> enter()
    {
        if (taken_) co_await waiting_.wait();
        taken_ = true;
        co_return Pass(this);
    }

    [[nodiscard]] bool idle() const { return !taken_; }

private:
    void leave()
    {
        // Handed over, it stays taken: the next one owns it from here on.
        if (!waiting_.release()) taken_ = false;
    }

    bool taken_ = false;
    Parking waiting_;
};

} // namespace tocsin::service
