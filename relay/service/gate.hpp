// The way to the store for new alerts: bounded, and fair. Nobody is refused here; under pressure
// the repeated alerts of one device wait behind everyone's first (rule 9).
#pragma once

#include "relay/core/admission.hpp"
#include "relay/service/parking.hpp"

#include <boost/asio/awaitable.hpp>

#include <utility>

namespace tocsin::service {

class Gate {
public:
    explicit Gate(std::size_t at_once_max) : at_once_max_(at_once_max) {}

    class Pass {
    public:
        explicit Pass(Gate* gate) : gate_(gate) {}
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass()
        {
            if (gate_) gate_->leave();
        }

    private:
        Gate* gate_;
    };

    boost::asio::awaitable<Pass> enter(Digest device, TimePoint now);

    [[nodiscard]] std::size_t waiting() const { return first_.size() + repeated_.size(); }

private:
    void leave();

    std::size_t at_once_max_;
    std::size_t inside_ = 0;
    core::Admission admission_;
    Parking first_;
    Parking repeated_;
};

} // namespace tocsin::service
