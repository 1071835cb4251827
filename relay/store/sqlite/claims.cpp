#include "relay/store/sqlite/claims.hpp"

namespace tocsin::store::sqlite {
namespace {

// One damaged row or page must not hide the other alerts: it is reported and left out.
std::optional<AlertRow> try_find(Connection& connection, std::int64_t n, Quarantine& quarantine)
{
    try {
        return find_alert(connection, n);
    } catch (const Damaged& error) {
        quarantine.add(error.damage);
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        quarantine.add(Damage{"alert", std::nullopt});
    }
    return std::nullopt;
}

} // namespace

std::vector<Due> Claims::take(Connection& connection, TimePoint now,
                              std::chrono::milliseconds lease, std::size_t count_max,
                              Quarantine& quarantine)
{
    std::erase_if(leases_, [now](const auto& held) { return held.second.until <= now; });
    std::vector<Due> out;
    const auto consider = [&](Run& numbers) {
        while (out.size() < count_max && numbers.next()) {
            const auto row = try_find(connection, numbers.integer(0), quarantine);
            if (!row || !row->deadline || *row->deadline > milliseconds(now)) continue;
            if (is_held(*row, now) || quarantine.contains(row->id)) continue;
            leases_[row->id] = Lease{now + lease, row->version};
            out.push_back({row->id, time_point(*row->deadline)});
        }
    };
    try {
        // Only the index is read by this statement; the rows one by one.
        Run numbers = connection.run("SELECT n FROM alert WHERE deadline <= ? ORDER BY deadline, n",
                                     milliseconds(now));
        consider(numbers);
    } catch (const SqlError& error) {
        if (!is_corrupt(error)) throw;
        // The index is damaged. It is made again at the next start; until then the table serves.
        quarantine.add(Damage{"alert_due", std::nullopt});
        Run numbers = connection.run("SELECT n FROM alert NOT INDEXED WHERE deadline <= ?",
                                     milliseconds(now));
        consider(numbers);
    }
    return out;
}

bool Claims::is_held(const AlertRow& row, TimePoint now) const
{
    const auto held = leases_.find(row.id);
    return held != leases_.end() && held->second.until > now && held->second.version == row.version;
}

} // namespace tocsin::store::sqlite
