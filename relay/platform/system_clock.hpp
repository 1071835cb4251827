// Real time. Alone with this folder's other files it may look at a clock.
#pragma once

#include "relay/service/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace tocsin::platform {

class SystemClock final : public service::Clock {
public:
    explicit SystemClock(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    [[nodiscard]] TimePoint now() const override;
    [[nodiscard]] std::unique_ptr<service::Sleeper> sleeper() override;

private:
    boost::asio::any_io_executor executor_;
};

} // namespace tocsin::platform
