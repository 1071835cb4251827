// Real time. Alone with this folder's other files it may look at a clock.
#pragma once

#include "relay/service/kept_clock.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace tocsin::platform {

class SystemClock final : public service::KeptClock {
public:
    explicit SystemClock(boost::asio::any_io_executor executor);

    [[nodiscard]] std::unique_ptr<service::Sleeper> sleeper() override;

private:
    [[nodiscard]] core::ClockReading read() const override;
    [[nodiscard]] std::chrono::milliseconds boot() const override;

    boost::asio::any_io_executor executor_;
    core::BootId boot_id_;
};

} // namespace tocsin::platform
