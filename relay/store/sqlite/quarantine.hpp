// Which alerts are damaged, and telling the operator once.
//
// Kept in memory: a restart finds the damage again at the first touch and reports it again, and a
// record that was restored from a backup is served again.
#pragma once

#include <tocsin/ids.hpp>

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>

namespace tocsin::store {

// A record that does not match its own hashes. It stays where it is.
struct Damage {
    std::string where;            // table
    std::optional<AlertId> alert; // when it is known
};

namespace sqlite {

// Thrown where a row is read, caught where a task ends.
struct Damaged : std::exception {
    explicit Damaged(Damage d) : damage(std::move(d)) {}
    Damage damage;
    [[nodiscard]] const char* what() const noexcept override { return damage.where.c_str(); }
};

// Thread safety: any thread.
class Quarantine {
public:
    using Report = std::function<void(const Damage&)>;
    explicit Quarantine(Report report) : report_(std::move(report)) {}

    [[nodiscard]] bool contains(const AlertId& alert) const;
    void add(const Damage& damage);

private:
    Report report_;
    mutable std::mutex mutex_;
    std::unordered_set<AlertId> alerts_;
    std::set<std::string> places_; // reported without an alert
};

} // namespace sqlite
} // namespace tocsin::store
