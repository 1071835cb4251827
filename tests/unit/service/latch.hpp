// Coroutines that wait until the test lets them go.
#pragma once

#include "relay/service/parking.hpp"

namespace tocsin::service::test {

class Latch {
public:
    boost::asio::awaitable<void> wait() { return parking_.wait(); }

    // Everybody who waits now, in their order.
    void release()
    {
        for (std::size_t left = parking_.size(); left > 0; --left)
            parking_.release();
    }

    [[nodiscard]] std::size_t waiting() const { return parking_.size(); }

private:
    Parking parking_;
};

} // namespace tocsin::service::test
