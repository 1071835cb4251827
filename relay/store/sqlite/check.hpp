// What is looked at before a database is served.
//
// A row's sum shows damage when the row is read; it can't show that an index no longer leads to the
// row. So the two tables that are found by index, alerts by deadline and deliveries by mailbox, are
// compared with their indexes at the start. Indexes hold nothing of their own: a damaged one is
// made again from its table. Rows are never changed.
#pragma once

#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/quarantine.hpp"

#include <functional>

namespace tocsin::store::sqlite {

void check_at_start(Connection& connection, Quarantine& quarantine,
                    const std::function<void(std::string_view)>& notice);

// Reads every row of every alert numbered from `first` on, at most `count_max`; what is damaged
// goes to the quarantine. Returns the number to go on from, or nothing at the end.
std::optional<std::int64_t> check_alerts(Connection& connection, std::int64_t first,
                                         std::size_t count_max, Quarantine& quarantine,
                                         std::size_t& damaged_count);

} // namespace tocsin::store::sqlite
