#include "tests/bench/compare/crowd.hpp"
#include "tests/bench/compare/modes.hpp"
#include "tests/bench/compare/report.hpp"
#include "tests/bench/compare/stamp.hpp"

#include <deque>
#include <utility>

namespace tocsin::bench::compare {

namespace {

struct Alert {
    Clock::time_point pressed; // or due
    std::size_t deliveries = 0;
};

// Confirmations or complete deliveries: how many in the interval, and how long after the press.
struct Course {
    std::uint64_t all = 0;
    std::uint64_t during = 0;
    std::vector<float> us{};
};

class Pressing : public Crowd {
public:
    Pressing(Place& place, const Options& options)
        : Crowd(place),
          options_(options),
          payload_(random_payload(options.payload_bytes))
    {
    }

    bool run()
    {
        recipients_ = open(Role::recipient, options_.recipients, 1);
        senders_ = open(Role::sender, options_.senders, 64);
        const auto start = Clock::now();
        begin_ = start + seconds_of(options_.warm_up);
        end_ = begin_ + seconds_of(options_.seconds);
        pressing_ = true;
        if (options_.rate > 0)
            press_when_due(start, 0);
        else
            for (const auto& sender : senders_)
                press_again(*sender);
        place_.loop.run(begin_, [] { return false; });
        const double cpu = own_cpu_seconds();
        mark("measure");
        place_.loop.run(end_, [] { return false; });
        own_cpu_ = own_cpu_seconds() - cpu;
        mark("measured");
        pressing_ = false;
        constexpr std::chrono::seconds patience(10);
        place_.loop.run(Clock::now() + patience, [this] { return is_complete(); });
        tell();
        return is_complete();
    }

private:
    void press(Connection& sender, Clock::time_point when)
    {
        stamp(payload_, alerts_.size());
        ++sender.unconfirmed;
        sender.protocol().publish(alerts_.size(), payload_);
        alerts_.push_back({.pressed = when});
    }

    // Closed loop: as often as the sender may.
    void press_again(Connection& sender)
    {
        while (pressing_ && sender.unconfirmed < options_.window) {
            if (alerts_.size() - delivered_.all < options_.outstanding) {
                press(sender, Clock::now());
                continue;
            }
            if (!std::exchange(sender.parked, true)) parked_.push_back(&sender);
            return;
        }
    }

    // Open loop: every press counts from when it was due, so a slow peer can't hide its queue.
    void press_when_due(Clock::time_point start, std::uint64_t count)
    {
        const auto due = [&] {
            return start + seconds_of(static_cast<double>(count) / options_.rate);
        };
        for (const auto now = Clock::now(); due() <= now; ++count)
            press(*senders_[count % senders_.size()], due());
        if (due() < end_)
            place_.loop.at(due(), [this, start, count] { press_when_due(start, count); });
    }

    void count(Course& course, const Alert& alert)
    {
        const auto now = Clock::now();
        ++course.all;
        if (now >= begin_ && now < end_) ++course.during;
        if (alert.pressed >= begin_ && alert.pressed < end_)
            course.us.push_back(
                std::chrono::duration<float, std::micro>(now - alert.pressed).count());
    }

    void on_confirmed(Connection& sender, std::uint64_t number) override
    {
        --sender.unconfirmed;
        count(confirmed_, alerts_.at(number));
        if (options_.rate == 0) press_again(sender);
    }

    void on_delivered(Connection&, std::string_view payload) override
    {
        Alert& alert = alerts_.at(stamped_number(payload));
        if (++alert.deliveries != options_.recipients) return;
        count(delivered_, alert);
        while (!parked_.empty() && alerts_.size() - delivered_.all < options_.outstanding) {
            Connection* sender = parked_.front();
            parked_.pop_front();
            sender->parked = false;
            press_again(*sender);
        }
    }

    void on_closed(Connection& connection) override
    {
        Crowd::on_closed(connection);
        throw std::runtime_error("the peer closed a connection");
    }

    [[nodiscard]] bool is_complete() const
    {
        return confirmed_.all == alerts_.size() && delivered_.all == alerts_.size();
    }

    void tell()
    {
        const auto per_second = [this](std::uint64_t count) {
            return static_cast<double>(count) / options_.seconds;
        };
        print({{"confirmed_per_s", per_second(confirmed_.during)},
               {"delivered_per_s", per_second(delivered_.during)},
               {"confirmed_p50_us", quantile(confirmed_.us, 0.5)},
               {"confirmed_p99_us", quantile(confirmed_.us, 0.99)},
               {"delivered_p50_us", quantile(delivered_.us, 0.5)},
               {"delivered_p99_us", quantile(delivered_.us, 0.99)},
               {"pressed", static_cast<double>(alerts_.size())},
               {"unconfirmed", static_cast<double>(alerts_.size() - confirmed_.all)},
               {"undelivered", static_cast<double>(alerts_.size() - delivered_.all)},
               {"generator_cpu_cores", own_cpu_ / options_.seconds}});
    }

    const Options& options_;
    std::string payload_;
    Connections recipients_;
    Connections senders_;
    bool pressing_ = false;
    Clock::time_point begin_;
    Clock::time_point end_;
    std::deque<Alert> alerts_; // by number
    std::deque<Connection*> parked_;
    Course confirmed_;
    Course delivered_;
    double own_cpu_ = 0;
};

} // namespace

bool press(const Options& options)
{
    Place place(options.protocol, options.port);
    return Pressing(place, options).run();
}

} // namespace tocsin::bench::compare
