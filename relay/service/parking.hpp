// Coroutines of one executor that wait until somebody lets them go, in their order.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/container/deque.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace tocsin::service {

class Parking {
public:
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

    // Lets the first one go, when its executor comes round. False: nobody waits.
    bool release()
    {
        if (waiting_.empty()) return false;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        next();
        return true;
    }

    [[nodiscard]] std::size_t size() const { return waiting_.size(); }

private:
    boost::container::deque<std::function<void()>> waiting_; // no memory while it is empty
};

} // namespace tocsin::service
