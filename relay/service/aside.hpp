// Work that would keep the executor from everybody else, done somewhere else.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace tocsin::service {

// Runs `work` on `where` and resumes the caller on its own executor. `work` may refer to what the
// caller owns, and to nothing that others change meanwhile. Those who come in order, and to one
// thread, go on in that order.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> aside(boost::asio::any_io_executor where,
                                                          Work work)
{
    using Outcome = std::invoke_result_t<Work&>;
    // A named initiator: g++ 12 destroys a lambda made inside a co_await twice.
    auto initiate = [](auto handler, boost::asio::any_io_executor there, Work task) {
        auto home = boost::asio::get_associated_executor(handler);
        auto guard = boost::asio::make_work_guard(home);
        boost::asio::post(there, [handler = std::move(handler), guard = std::move(guard),
                                  task = std::move(task)]() mutable {
            Outcome outcome = task();
            auto executor = guard.get_executor();
            boost::asio::post(executor, [handler = std::move(handler), guard = std::move(guard),
                                         outcome = std::move(outcome)]() mutable {
                std::move(handler)(std::move(outcome));
            });
        });
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Outcome)>(
        initiate, boost::asio::use_awaitable, std::move(where), std::move(work));
}

} // namespace tocsin::service
