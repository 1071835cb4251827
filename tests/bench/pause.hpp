#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace tocsin::bench {

[[nodiscard]] boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration length);

} // namespace tocsin::bench
