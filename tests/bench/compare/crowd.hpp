// Many connections, opened a few at a time; what a listener need not care about it leaves to this.
#pragma once

#include "tests/bench/compare/connection.hpp"

#include <chrono>
#include <stdexcept>

namespace tocsin::bench::compare {

using Connections = std::vector<std::unique_ptr<Connection>>;

inline Clock::duration seconds_of(double seconds)
{
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

class Crowd : public Listener {
public:
    explicit Crowd(Place& place) : place_(place) {}

    void on_ready(Connection&) override { ++ready_; }
    void on_confirmed(Connection&, std::uint64_t) override {}
    void on_delivered(Connection&, std::string_view) override {}
    void on_closed(Connection&) override { ++lost_; }

protected:
    Connections open(Role role, std::size_t count, std::size_t at_once)
    {
        constexpr std::chrono::seconds patience(120);
        Connections all;
        const std::size_t before = ready_;
        place_.loop.run(Clock::now() + patience, [&] {
            if (lost_ > 0) throw std::runtime_error("the peer closed a connection");
            while (all.size() < count && all.size() - (ready_ - before) < at_once)
                all.push_back(std::make_unique<Connection>(
                    place_, *this, Client{.role = role, .index = all.size()}));
            return ready_ - before == count;
        });
        if (ready_ - before != count) throw std::runtime_error("connections do not open");
        return all;
    }

    Place& place_;
    std::size_t ready_ = 0;
    std::size_t lost_ = 0;
};

} // namespace tocsin::bench::compare
