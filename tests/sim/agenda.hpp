// What is to happen at which virtual moment. At the same moment: by actor, then in the order in
// which that actor asked, so that nothing hangs on where things lie in memory.
#pragma once

#include <tocsin/journal.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <tuple>

namespace tocsin::sim {

class Agenda {
public:
    using Actor = std::uint32_t;

    void at(TimePoint when, Actor actor, std::function<void()> what)
    {
        items_.emplace(std::tuple(when, actor, ++asked_[actor]), std::move(what));
    }
    [[nodiscard]] std::optional<TimePoint> next() const
    {
        if (items_.empty()) return std::nullopt;
        return std::get<0>(items_.begin()->first);
    }
    // The first of what is due by then; false: nothing is.
    bool run_one(TimePoint now)
    {
        if (items_.empty() || std::get<0>(items_.begin()->first) > now) return false;
        const auto what = std::move(items_.begin()->second);
        items_.erase(items_.begin());
        what();
        return true;
    }

private:
    std::map<std::tuple<TimePoint, Actor, std::uint64_t>, std::function<void()>> items_;
    std::map<Actor, std::uint64_t> asked_;
};

} // namespace tocsin::sim
