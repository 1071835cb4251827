// What waits for each device, in memory: a delivery that is taken at once never becomes a row.
//
// Everything here can be had again from the rows of slots. Those that were there before the start are
// read when the first device asks.
// Thread safety: any thread; `cursor` belongs to the reader.
#pragma once

#include <tocsin/ids.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tocsin::store::sqlite {

class Mailboxes {
public:
    struct Entry {
        std::uint64_t order = 0; // of opening, over all mailboxes
        std::int64_t n = 0;      // the alert's row
    };

    // Again is fine.
    void add(const MailboxId& mailbox, Entry entry);
    void remove(const MailboxId& mailbox, std::uint64_t order);
    // At most `count_max` after `order`, in order.
    [[nodiscard]] std::vector<Entry> list(const MailboxId& mailbox, std::uint64_t order,
                                          std::size_t count_max) const;

    // How far the rows from before the start have been read; empty: all of them.
    std::optional<std::int64_t> cursor = 0;

private:
    // In order. Those taken leave from the front; one taken in between is only emptied, so that a long
    // queue is not moved for each.
    class Queue {
    public:
        void add(Entry entry);
        void remove(std::uint64_t order);
        void list(std::uint64_t order, std::size_t count_max, std::vector<Entry>& out) const;
        [[nodiscard]] bool empty() const { return first_ == entries_.size(); }

    private:
        std::vector<Entry> entries_;
        std::size_t first_ = 0;
    };

    mutable std::mutex mutex_;
    std::unordered_map<MailboxId, Queue> queues_;
};

} // namespace tocsin::store::sqlite
