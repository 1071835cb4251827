// What is behind `Device`, for this library.
#pragma once

#include "client-lib/client/keystore.hpp"
#include "client-lib/client/records.hpp"

#include <tocsin/client.hpp>

#include <functional>

namespace tocsin {

class Device::Impl {
public:
    explicit Impl(client::KeyStore opened) : store(std::move(opened)) {}

    [[nodiscard]] TimePoint now() const { return clock(); }
    [[nodiscard]] Result<client::DeviceRecord> record() const
    {
        return store.load<client::DeviceRecord>(client::Compartment::kit, client::file::device);
    }

    client::KeyStore store;
    // Tests put theirs here.
    std::function<TimePoint()> clock = [] {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    };
};

} // namespace tocsin
