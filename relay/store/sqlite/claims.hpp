// Who is already working on which due alert. In memory: one process owns the database, and when it
// dies its claims should die with it.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/alerts.hpp"

#include <unordered_map>

namespace tocsin::store::sqlite {

// Used by the reader's thread.
class Claims {
public:
    std::vector<Due> take(Connection& connection, TimePoint now, std::chrono::milliseconds lease,
                          std::size_t count_max, Quarantine& quarantine);

private:
    // An append raises the version, and with it the claim is void.
    struct Lease {
        TimePoint until{};
        std::int64_t version = 0;
    };

    bool is_held(const AlertRow& row, TimePoint now) const;

    std::unordered_map<AlertId, Lease> leases_;
};

} // namespace tocsin::store::sqlite
