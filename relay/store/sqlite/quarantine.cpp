#include "relay/store/sqlite/quarantine.hpp"

namespace tocsin::store::sqlite {

bool Quarantine::contains(const AlertId& alert) const
{
    const std::lock_guard lock(mutex_);
    return alerts_.contains(alert);
}

void Quarantine::add(const Damage& damage)
{
    {
        const std::lock_guard lock(mutex_);
        const bool fresh = damage.alert ? alerts_.insert(*damage.alert).second
                                        : places_.insert(damage.where).second;
        if (!fresh) return;
    }
    if (report_) report_(damage);
}

} // namespace tocsin::store::sqlite
