// Coroutines that wait until the test lets them go.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace tocsin::service::test {

class Latch {
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

    // Everybody who waits now, in their order.
    void release()
    {
        for (auto& one : std::exchange(waiting_, {}))
            one();
    }

    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

private:
    std::vector<std::function<void()>> waiting_;
};

} // namespace tocsin::service::test
