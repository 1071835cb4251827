#include "relay/service/gate.hpp"

namespace tocsin::service {

namespace asio = boost::asio;

asio::awaitable<Gate::Pass> Gate::enter(Digest device, TimePoint now)
{
    const core::Lane lane = admission_.lane(device, now);
    if (inside_ >= at_once_max_)
        co_await (lane == core::Lane::first ? first_ : repeated_)
            .wait(); // whoever leaves hands over
    else
        ++inside_;
    co_return Pass(this);
}

void Gate::leave()
{
    if (!first_.release() && !repeated_.release()) --inside_;
}

} // namespace tocsin::service
