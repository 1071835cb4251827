#include "relay/store/sqlite/mailboxes.hpp"

#include <algorithm>

namespace tocsin::store::sqlite {
namespace {

constexpr std::int64_t taken = 0; // no alert has this number

} // namespace

void Mailboxes::Queue::add(Entry entry)
{
    if (entries_.empty() || entries_.back().order < entry.order) {
        entries_.push_back(entry);
        return;
    }
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto at = std::ranges::lower_bound(begin, entries_.end(), entry.order, {}, &Entry::order);
    if (at != entries_.end() && at->order == entry.order) return;
    entries_.insert(at, entry);
}

void Mailboxes::Queue::remove(std::uint64_t order)
{
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto at = std::ranges::lower_bound(begin, entries_.end(), order, {}, &Entry::order);
    if (at == entries_.end() || at->order != order) return;
    at->n = taken;
    while (first_ < entries_.size() && entries_[first_].n == taken)
        ++first_;
    if (first_ * 2 < entries_.size()) return;
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
}

void Mailboxes::Queue::list(std::uint64_t order, std::size_t count_max,
                            std::vector<Entry>& out) const
{
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first_);
    auto at = std::ranges::upper_bound(begin, entries_.end(), order, {}, &Entry::order);
    for (; at != entries_.end() && out.size() < count_max; ++at)
        if (at->n != taken) out.push_back(*at);
}

void Mailboxes::add(const MailboxId& mailbox, Entry entry)
{
    const std::lock_guard lock(mutex_);
    queues_[mailbox].add(entry);
}

void Mailboxes::remove(const MailboxId& mailbox, std::uint64_t order)
{
    const std::lock_guard lock(mutex_);
    const auto found = queues_.find(mailbox);
    if (found == queues_.end()) return;
    found->second.remove(order);
    if (found->second.empty()) queues_.erase(found);
}

std::vector<Mailboxes::Entry> Mailboxes::list(const MailboxId& mailbox, std::uint64_t order,
                                              std::size_t count_max) const
{
    std::vector<Entry> out;
    const std::lock_guard lock(mutex_);
    const auto found = queues_.find(mailbox);
    if (found != queues_.end()) found->second.list(order, count_max, out);
    return out;
}

} // namespace tocsin::store::sqlite
