// What is looked at while a database is already served.
//
// A row's sum shows damage when the row is read; it can't show that an index no longer leads to the
// row. So each alert is compared with the indexes that lead to it, soon after every start. Indexes hold
// nothing of their own: a damaged one is made again from its table. Rows are never changed.
#pragma once

#include "relay/store/sqlite/connection.hpp"
#include "relay/store/sqlite/quarantine.hpp"

namespace tocsin::store::sqlite {

// Where a look through all alerts has got to, and what it saw. Tables by name.
struct Looked {
    std::optional<std::int64_t> next = 0; // the alert to go on from; empty at the end
    std::vector<const char*> unsound{};   // tables whose indexes don't lead to their rows
};
// At most `count_max` alerts: their rows, and the ways to them. What is damaged goes to the quarantine.
void look_at(Connection& connection, Looked& looked, std::size_t count_max, Quarantine& quarantine);

// Makes the indexes of a table again; false: they can't be.
bool make_indexes(Connection& connection, const char* table);

// Reads every row of every alert numbered from `first` on, at most `count_max`; what is damaged
// goes to the quarantine. Returns the number to go on from, or nothing at the end.
std::optional<std::int64_t> check_alerts(Connection& connection, std::int64_t first,
                                         std::size_t count_max, Quarantine& quarantine,
                                         std::size_t& damaged_count);

} // namespace tocsin::store::sqlite
