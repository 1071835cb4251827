// A file that lives in memory, as two connections of one process share it: bytes, SQLite's locks
// and the shared index of its log. Used by one thread, under FaultVfs.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace tocsin::test {

class MemoryFile {
public:
    // What one connection holds.
    struct Holder {
        int level = SQLITE_LOCK_NONE;
        std::array<char, SQLITE_SHM_NLOCK> shared{};
        std::array<char, SQLITE_SHM_NLOCK> exclusive{};
        bool mapped = false;
    };

    std::vector<std::uint8_t> bytes;
    bool exists = true; // false once deleted: whoever has it open still reads it

    // Fewer than asked: the rest is zero, and the answer says so, as SQLite wants it.
    int read(void* to, int size, sqlite3_int64 at) const
    {
        const auto begin = std::min<std::size_t>(static_cast<std::size_t>(at), bytes.size());
        const auto have =
            std::min<std::size_t>(static_cast<std::size_t>(size), bytes.size() - begin);
        if (have > 0) std::memcpy(to, bytes.data() + begin, have);
        if (have == static_cast<std::size_t>(size)) return SQLITE_OK;
        std::memset(static_cast<std::uint8_t*>(to) + have, 0,
                    static_cast<std::size_t>(size) - have);
        return SQLITE_IOERR_SHORT_READ;
    }

    int lock(Holder& holder, int level)
    {
        if (holder.level >= level) return SQLITE_OK;
        const auto others_have = [&](int least) {
            return std::ranges::any_of(holders_, [&](const Holder* other) {
                return other != &holder && other->level >= least;
            });
        };
        // Who waits for the others to go lets nobody new in.
        if (level == SQLITE_LOCK_SHARED && others_have(SQLITE_LOCK_PENDING)) return SQLITE_BUSY;
        if (level == SQLITE_LOCK_RESERVED && others_have(SQLITE_LOCK_RESERVED)) return SQLITE_BUSY;
        if (level == SQLITE_LOCK_EXCLUSIVE) {
            if (others_have(SQLITE_LOCK_RESERVED)) return SQLITE_BUSY;
            if (others_have(SQLITE_LOCK_SHARED)) {
                holder.level = SQLITE_LOCK_PENDING;
                return SQLITE_BUSY;
            }
        }
        holder.level = level;
        return SQLITE_OK;
    }
    static int unlock(Holder& holder, int level)
    {
        holder.level = std::min(holder.level, level);
        return SQLITE_OK;
    }
    [[nodiscard]] bool is_reserved() const
    {
        return std::ranges::any_of(
            holders_, [](const Holder* other) { return other->level >= SQLITE_LOCK_RESERVED; });
    }

    int map(Holder& holder, int region, int size, bool extend, void volatile** out)
    {
        holder.mapped = true;
        *out = nullptr;
        const auto wanted = static_cast<std::size_t>(region) + 1;
        if (regions_.size() < wanted && !extend) return SQLITE_OK;
        while (regions_.size() < wanted)
            regions_.push_back(std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(size)));
        *out = regions_[static_cast<std::size_t>(region)].get();
        return SQLITE_OK;
    }
    void unmap(Holder& holder)
    {
        holder.mapped = false;
        holder.shared = {};
        holder.exclusive = {};
        if (std::ranges::none_of(holders_, &Holder::mapped)) regions_.clear();
    }
    int lock_shared_index(Holder& holder, int first, int count, int flags)
    {
        for (int i = first; i < first + count; ++i) {
            const auto slot = static_cast<std::size_t>(i);
            if (flags & SQLITE_SHM_UNLOCK) continue;
            for (const Holder* other : holders_) {
                if (other == &holder) continue;
                if (other->exclusive[slot]) return SQLITE_BUSY;
                if ((flags & SQLITE_SHM_EXCLUSIVE) && other->shared[slot]) return SQLITE_BUSY;
            }
        }
        const char held = flags & SQLITE_SHM_LOCK ? 1 : 0;
        for (int i = first; i < first + count; ++i)
            (flags & SQLITE_SHM_EXCLUSIVE ? holder.exclusive
                                          : holder.shared)[static_cast<std::size_t>(i)] = held;
        return SQLITE_OK;
    }

    void open(Holder& holder) { holders_.push_back(&holder); }
    void close(Holder& holder)
    {
        std::erase(holders_, &holder);
        if (std::ranges::none_of(holders_, &Holder::mapped)) regions_.clear();
    }

private:
    std::vector<Holder*> holders_;
    std::vector<std::unique_ptr<std::uint8_t[]>> regions_;
};

} // namespace tocsin::test
