#include "tests/sim/shrink.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace tocsin::sim {

namespace {

class Shrinker {
public:
    Shrinker(StoryOptions options, const StoryResult& failed, const Player& player,
             std::size_t tries_max)
        : best_{std::move(options), failed, 0},
          kind_(kind_of(failed.violation.value())),
          player_(player),
          tries_max_(tries_max)
    {
    }

    Shrunken run()
    {
        // What comes after plays no part: without it the rest is quick.
        stop_where_it_failed();
        attempt([](StoryOptions& options) { options.cells = 1; });
        drop_kinds();
        drop_troubles();
        drop_alerts();
        drop_troubles();
        stop_where_it_failed();
        StoryOptions told = best_.options;
        told.tells = true;
        best_.result = player_(told);
        best_.options = std::move(told);
        return std::move(best_);
    }

private:
    bool attempt(const std::function<void(StoryOptions&)>& smaller)
    {
        if (best_.tries >= tries_max_) return false;
        ++best_.tries;
        StoryOptions options = best_.options;
        smaller(options);
        StoryResult result = player_(options);
        if (!result.violation || kind_of(*result.violation) != kind_) return false;
        best_.options = std::move(options);
        best_.result = std::move(result);
        return true;
    }

    void stop_where_it_failed()
    {
        const auto at = best_.result.violated_at;
        if (best_.options.stop_at && *best_.options.stop_at <= at) return;
        // After the end of the story proper everything heals: that can't be cut off.
        if (at > best_.options.length) return;
        attempt([at](StoryOptions& options) { options.stop_at = at; });
    }

    void drop_kinds()
    {
        std::set<std::string> kinds;
        for (const Struck& one : best_.result.struck)
            kinds.insert(one.kind);
        for (const std::string& kind : kinds)
            attempt([&](StoryOptions& options) { options.without.insert(kind); });
    }

    // Halves, then quarters, down to single ones.
    void drop(std::vector<std::size_t> all,
              const std::function<void(StoryOptions&, std::span<const std::size_t>)>& leave_out)
    {
        for (std::size_t size = (all.size() + 1) / 2; size > 0 && !all.empty(); size /= 2) {
            // From the end: what came last has done the least.
            for (std::size_t end = all.size(); end > 0;) {
                const std::size_t begin = end > size ? end - size : 0;
                const std::span some(all.data() + begin, end - begin);
                if (attempt([&](StoryOptions& options) { leave_out(options, some); }))
                    all.erase(all.begin() + static_cast<std::ptrdiff_t>(begin),
                              all.begin() + static_cast<std::ptrdiff_t>(end));
                end = begin;
            }
        }
    }

    void drop_troubles()
    {
        std::vector<std::size_t> left;
        for (const Struck& one : best_.result.struck)
            if (!best_.options.without.contains(one.kind) &&
                !best_.options.without_troubles.contains(one.number))
                left.push_back(one.number);
        drop(std::move(left), [](StoryOptions& options, std::span<const std::size_t> some) {
            options.without_troubles.insert(some.begin(), some.end());
        });
    }

    void drop_alerts()
    {
        std::vector<std::size_t> left;
        for (std::size_t i = 0; i < best_.options.alerts; ++i)
            if (!best_.options.without_alerts.contains(i)) left.push_back(i);
        drop(std::move(left), [](StoryOptions& options, std::span<const std::size_t> some) {
            options.without_alerts.insert(some.begin(), some.end());
        });
    }

    Shrunken best_;
    std::string kind_;
    const Player& player_;
    std::size_t tries_max_;
};

std::string ranges(const std::set<std::size_t>& numbers)
{
    std::string text;
    for (auto it = numbers.begin(); it != numbers.end();) {
        const std::size_t first = *it;
        std::size_t last = first;
        while (++it != numbers.end() && *it == last + 1)
            last = *it;
        text += (text.empty() ? "" : ",") + std::to_string(first);
        if (last != first) text += "-" + std::to_string(last);
    }
    return text;
}

} // namespace

std::string kind_of(const std::string& violation)
{
    std::string text = violation.substr(0, violation.find('['));
    const std::size_t last = text.rfind(": ");
    if (last != std::string::npos) text = text.substr(last + 2);
    std::erase_if(text, [](unsigned char c) { return std::isdigit(c) != 0; });
    return text;
}

std::string command_of(const StoryOptions& options)
{
    std::string text = "tocsin_sim --tell --seed " + std::to_string(options.seed) + " --alerts " +
                       std::to_string(options.alerts);
    if (options.cells) text += " --relays " + std::to_string(*options.cells);
    if (options.stop_at) text += " --stop-at " + std::to_string(options.stop_at->count());
    for (const std::string& kind : options.without)
        text += " --without '" + kind + "'";
    if (!options.without_troubles.empty())
        text += " --without-troubles " + ranges(options.without_troubles);
    if (!options.without_alerts.empty())
        text += " --without-alerts " + ranges(options.without_alerts);
    return text;
}

Shrunken shrink(StoryOptions options, const StoryResult& failed, const Player& player,
                std::size_t tries_max)
{
    return Shrinker(std::move(options), failed, player, tries_max).run();
}

} // namespace tocsin::sim
