#include "tests/bench/load.hpp"

#include "tests/bench/own_cpu.hpp"
#include "tests/bench/pause.hpp"
#include "tests/bench/recipient.hpp"
#include "tests/bench/sender.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// What is pressed last must be complete within so long.
constexpr auto drain_limit = 30s;

Counts difference(const Counts& now, const Counts& before)
{
    Counts during = now;
    for (std::uint64_t Counts::*field :
         {&Counts::pressed, &Counts::confirmed, &Counts::delivered, &Counts::acknowledged,
          &Counts::told, &Counts::answered, &Counts::complete, &Counts::redelivered, &Counts::rings,
          &Counts::links_lost, &Counts::receipts_verified, &Counts::deliveries_verified})
        during.*field -= before.*field;
    return during;
}

// When each sender presses: as soon as it may (closed loop), or when the clock says (open loop).
class Pressing {
public:
    explicit Pressing(Run& run) : run_(run)
    {
        const Organisation& organisation = run.organisation;
        for (const Device& device : organisation.senders)
            senders_.push_back(std::make_unique<Sender>(run, device, [this](Sender& sender) {
                if (run_.options.rate == 0) next(sender);
            }));
        for (std::size_t slot = 0; slot < organisation.recipients.size(); ++slot)
            recipients_.push_back(
                std::make_unique<Recipient>(run, organisation.recipients[slot], slot));
        run.tally.on_complete([this] { wake(); });
    }

    asio::awaitable<void> link_all()
    {
        for (const auto& recipient : recipients_)
            co_await recipient->link();
        for (const auto& sender : senders_)
            co_await sender->link();
    }

    void start()
    {
        pressing_ = true;
        if (run_.options.rate > 0) return spawn(run_.executor, keep_time());
        for (const auto& sender : senders_)
            for (std::size_t i = 0; i < run_.options.window; ++i)
                next(*sender);
    }

    void stop() { pressing_ = false; }

    void leave()
    {
        for (const auto& sender : senders_)
            sender->leave();
        for (const auto& recipient : recipients_)
            recipient->leave();
    }

    [[nodiscard]] std::uint64_t outstanding_max() const { return outstanding_max_; }

private:
    void press(Sender& sender, Clock::time_point due)
    {
        sender.press(due);
        outstanding_max_ = std::max(outstanding_max_, run_.tally.outstanding());
    }

    void next(Sender& sender)
    {
        if (!pressing_) return;
        if (run_.tally.outstanding() >= run_.options.outstanding)
            waiting_.push_back(&sender);
        else
            press(sender, Clock::now());
    }

    void wake()
    {
        if (waiting_.empty()) return;
        Sender& sender = *waiting_.front();
        waiting_.pop_front();
        next(sender);
    }

    asio::awaitable<void> keep_time()
    {
        const auto begun = Clock::now();
        const std::chrono::duration<double> interval(1 / run_.options.rate);
        asio::steady_timer timer(run_.executor);
        for (std::uint64_t i = 0; pressing_; ++i) {
            const auto due = begun + std::chrono::duration_cast<Clock::duration>(
                                         interval * static_cast<double>(i));
            if (due > Clock::now()) {
                timer.expires_at(due);
                co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            }
            if (pressing_) press(*senders_[i % senders_.size()], due);
        }
    }

    Run& run_;
    std::vector<std::unique_ptr<Sender>> senders_;
    std::vector<std::unique_ptr<Recipient>> recipients_;
    std::deque<Sender*> waiting_;
    std::uint64_t outstanding_max_ = 0;
    bool pressing_ = false;
};

Clock::duration seconds(double count)
{
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

std::vector<ThreadUse> used_since(const std::vector<ThreadUse>& before, std::vector<ThreadUse> now)
{
    for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i)
        now[i].cpu -= before[i].cpu;
    return now;
}

} // namespace

asio::awaitable<Measured> run_load(Run& run, const RelayProcess& process)
{
    Pressing pressing(run);
    co_await pressing.link_all();
    pressing.start();
    co_await pause(seconds(run.options.warm_up));

    const Counts before = run.tally.counts;
    const auto relay_cpu = process.cpu();
    const auto threads = process.threads();
    const auto cpu = own_cpu();
    const auto begun = Clock::now();
    run.tally.start_timing();
    co_await pause(seconds(run.options.seconds));

    run.tally.stop_timing();
    Measured measured;
    measured.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    measured.during = difference(run.tally.counts, before);
    measured.relay_cpu = process.cpu() - relay_cpu;
    measured.relay_threads = used_since(threads, process.threads());
    measured.own_cpu = own_cpu() - cpu;
    measured.relay_resident_kib = process.resident_kib();
    pressing.stop();

    const auto until = Clock::now() + drain_limit;
    while (run.tally.outstanding() > 0 && Clock::now() < until && run.tally.failures().empty())
        co_await pause(10ms);
    co_await pause(50ms); // what should not come would come now
    run.tally.judge();
    measured.outstanding_max = pressing.outstanding_max();
    pressing.leave();
    // The readers see that their links are closed before their owners go.
    co_await pause(50ms);
    co_return measured;
}

} // namespace tocsin::bench
