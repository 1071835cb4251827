#include "relay/service/gate.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace tocsin::service {

namespace asio = boost::asio;

asio::awaitable<Gate::Pass> Gate::enter(Digest device, TimePoint now)
{
    const core::Lane lane = admission_.lane(device, now);
    if (inside_ >= at_once_max_)
        co_await wait(lane); // whoever leaves hands its place over
    else
        ++inside_;
    co_return Pass(this);
}

asio::awaitable<void> Gate::wait(core::Lane lane)
{
    auto initiate = [this, lane](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto& queue = lane == core::Lane::first ? first_ : repeated_;
        queue.push_back([shared] {
            auto executor = asio::get_associated_executor(*shared);
            asio::post(executor, [shared] { std::move (*shared)(); });
        });
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                       asio::use_awaitable);
}

void Gate::leave()
{
    auto& queue = first_.empty() ? repeated_ : first_;
    if (queue.empty()) {
        --inside_;
        return;
    }
    auto next = std::move(queue.front());
    queue.pop_front();
    next();
}

} // namespace tocsin::service
