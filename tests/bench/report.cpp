#include "tests/bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

namespace tocsin::bench {

namespace {

struct Figure {
    std::string key; // of JSON
    std::string words;
    std::string value;
};

class Figures {
public:
    void number(std::string key, std::string words, double value, int digits = 0)
    {
        std::ostringstream text;
        text << std::fixed << std::setprecision(digits) << value;
        figures_.push_back({std::move(key), std::move(words), text.str()});
    }

    void latency(const std::string& key, const std::string& words, std::vector<std::uint32_t> us)
    {
        if (us.empty()) return;
        std::ranges::sort(us);
        const auto at = [&](double share) {
            return us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))];
        };
        number(key + "_p50_us", words + ", p50, us", at(0.5));
        number(key + "_p99_us", words + ", p99, us", at(0.99));
        number(key + "_max_us", words + ", max, us", us.back());
    }

    void print(std::ostream& out, bool json) const
    {
        char separator = '{';
        for (const Figure& figure : figures_) {
            if (json)
                out << std::exchange(separator, ',') << '"' << figure.key << "\":" << figure.value;
            else
                out << std::left << std::setw(52) << figure.words << std::right << std::setw(14)
                    << figure.value << "\n";
        }
        if (json) out << "}\n";
    }

private:
    std::vector<Figure> figures_;
};

double us(std::chrono::microseconds time) { return static_cast<double>(time.count()); }

void add_load(Figures& figures, const Measured& measured, const Run& run)
{
    const Counts& during = measured.during;
    const auto per_second = [&](std::uint64_t count) {
        return static_cast<double>(count) / measured.seconds;
    };
    figures.number("seconds", "measured, s", measured.seconds, 2);
    figures.number("confirmed_per_s", "confirmed, alerts/s", per_second(during.confirmed), 1);
    figures.number("delivered_per_s", "delivered to all, alerts/s", per_second(during.delivered),
                   1);
    figures.number("acknowledged_per_s", "acknowledged by all, alerts/s",
                   per_second(during.acknowledged), 1);
    if (run.options.told)
        figures.number("told_per_s", "sender told of all, alerts/s", per_second(during.told), 1);
    if (run.options.answers)
        figures.number("answered_per_s", "accepted, alerts/s", per_second(during.answered), 1);
    const Latencies& latencies = run.tally.latencies();
    figures.latency("confirmed", "press to confirmed", latencies.confirmed);
    figures.latency("delivered", "press to last recipient", latencies.delivered);
    figures.latency("told", "press to sender told of all", latencies.told);
    figures.latency("answered", "press to acceptance durable", latencies.answered);
    const double alerts = static_cast<double>(std::max<std::uint64_t>(during.complete, 1));
    const double interval = measured.seconds * 1e6;
    figures.number("relay_cpu_us_per_alert", "relay CPU, us/alert", us(measured.relay_cpu) / alerts,
                   1);
    figures.number("relay_cpu_cores", "relay CPU, cores", us(measured.relay_cpu) / interval, 2);
    int number = 0;
    for (const ThreadUse& thread : measured.relay_threads) {
        const double cores = us(thread.cpu) / interval;
        figures.number("relay_thread_" + std::to_string(number++) + "_cores",
                       "  thread " + thread.name + ", cores", cores, 2);
    }
    figures.number("generator_cpu_us_per_alert", "generator CPU, us/alert",
                   us(measured.own_cpu) / alerts, 1);
    figures.number("generator_cpu_cores", "generator CPU, cores", us(measured.own_cpu) / interval,
                   2);
    figures.number("relay_rss_mib", "relay RSS, MiB", measured.relay_resident_kib / 1024, 1);
    figures.number("outstanding_max", "most alerts not complete at once",
                   static_cast<double>(measured.outstanding_max));
    const Counts& all = run.tally.counts;
    figures.number("pressed", "pressed in all", static_cast<double>(all.pressed));
    figures.number("complete", "complete in all", static_cast<double>(all.complete));
    figures.number("links_lost", "recipients' links closed by the relay",
                   static_cast<double>(all.links_lost));
    figures.number("redelivered", "delivered again after that",
                   static_cast<double>(all.redelivered));
    figures.number("receipts_verified", "receipts verified",
                   static_cast<double>(all.receipts_verified));
    figures.number("deliveries_verified", "deliveries verified",
                   static_cast<double>(all.deliveries_verified));
}

} // namespace

void print(std::ostream& out, const Report& report)
{
    Figures figures;
    const Envelopes& envelopes = report.run.envelopes;
    figures.number("sealed", "envelopes sealed ahead", static_cast<double>(envelopes.count()));
    figures.number("seal_us_each", "sealing one, us",
                   us(envelopes.took()) / static_cast<double>(envelopes.count()), 1);
    figures.number("envelope_bytes", "envelope, bytes",
                   static_cast<double>(envelopes.envelope_bytes()));
    figures.number("frame_bytes", "frame that submits it, bytes",
                   static_cast<double>(envelopes.frame_bytes()));
    if (report.idle) {
        const IdleLinks& idle = *report.idle;
        figures.number("idle_links", "idle links", static_cast<double>(idle.lines.size()));
        figures.number("idle_kib_each", "relay memory of an idle link, KiB", idle.kib_each, 2);
        figures.number("idle_kib_each_used", "  after a heartbeat on each, KiB", idle.kib_each_used,
                       2);
        figures.number("idle_open_s", "opening them, s", idle.open_seconds, 2);
        figures.number("idle_relay_cpu_us_each", "relay CPU to open one, us",
                       idle.relay_cpu_us_each, 0);
    }
    if (report.load) add_load(figures, *report.load, report.run);
    figures.print(out, report.run.options.json);
}

} // namespace tocsin::bench
