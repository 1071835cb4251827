// One at a time, first come first served, for coroutines of one executor.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <functional>
#include <memory>

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
        if (taken_) co_await wait();
        taken_ = true;
        co_return Pass(this);
    }

    [[nodiscard]] bool idle() const { return !taken_; }

private:
    boost::asio::awaitable<void> wait()
    {
        // A named initiator: g++ 12 destroys a lambda made inside a co_await twice.
        auto initiate = [this](auto handler) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            waiting_.push_back([shared] {
                auto executor = boost::asio::get_associated_executor(*shared);
                boost::asio::post(executor, [shared] { std::move (*shared)(); });
            });
        };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
            initiate, boost::asio::use_awaitable);
    }

    void leave()
    {
        if (waiting_.empty()) {
            taken_ = false;
            return;
        }
        // Stays taken: the next one owns it from here on.
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        next();
    }

    bool taken_ = false;
    std::deque<std::function<void()>> waiting_;
};

} // namespace tocsin::service
