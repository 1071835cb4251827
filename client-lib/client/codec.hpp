// Records of the key store as bytes and back: every field in the order that `fields` names it,
// integers big-endian, everything of variable length behind its length.
//
// One function per record serves both ways, so that writing and reading can't differ. What is read
// was authenticated before; still every length is checked, so that an older or newer record is an
// error and never a crash.
#pragma once

#include "client-lib/crypto/secret.hpp"

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace tocsin::client {

// Grows without leaving copies of secrets behind; wiped when destroyed.
class Writer {
public:
    Writer() { bytes_.reserve(1024); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { crypto::wipe(bytes_); }

    template <class... T>
    void operator()(T&... values)
    {
        (put(values), ...);
    }
    [[nodiscard]] ByteView view() const { return bytes_; }

private:
    void raw(ByteView from)
    {
        if (bytes_.size() + from.size() > bytes_.capacity()) {
            Bytes larger;
            larger.reserve(2 * (bytes_.size() + from.size()));
            larger.assign(bytes_.begin(), bytes_.end());
            std::swap(bytes_, larger);
            crypto::wipe(larger);
        }
        bytes_.insert(bytes_.end(), from.begin(), from.end());
    }
    void integer(std::uint64_t value, std::size_t size)
    {
        std::array<std::uint8_t, 8> out{};
        for (std::size_t i = 0; i < size; ++i)
            out[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
        raw({out.data(), size});
    }
    void blob(ByteView from)
    {
        integer(from.size(), 4);
        raw(from);
    }

    template <class T>
    void put(T& value)
    {
        if constexpr (std::is_enum_v<T>) {
            integer(static_cast<std::uint64_t>(value), sizeof(T));
        } else if constexpr (std::is_integral_v<T>) {
            integer(static_cast<std::uint64_t>(value), sizeof(T));
        } else if constexpr (std::is_same_v<T, double>) {
            integer(std::bit_cast<std::uint64_t>(value), 8);
        } else {
            fields(*this, value);
        }
    }
    template <class Rep, class Period>
    void put(std::chrono::duration<Rep, Period>& value)
    {
        integer(static_cast<std::uint64_t>(value.count()), 8);
    }
    template <class Clock, class Duration>
    void put(std::chrono::time_point<Clock, Duration>& value)
    {
        integer(static_cast<std::uint64_t>(value.time_since_epoch().count()), 8);
    }
    void put(std::string& value)
    {
        blob({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
    }
    void put(Bytes& value) { blob(value); }
    template <class Tag, std::size_t N>
    void put(Id<Tag, N>& value)
    {
        raw(value.value);
    }
    template <std::size_t N>
    void put(std::array<std::uint8_t, N>& value)
    {
        raw(value);
    }
    template <std::size_t N>
    void put(crypto::Secret<N>& value)
    {
        raw(value.view());
    }
    template <class T>
    void put(std::optional<T>& value)
    {
        integer(value ? 1 : 0, 1);
        if (value) put(*value);
    }
    template <class T>
    void put(std::vector<T>& value)
    {
        integer(value.size(), 4);
        for (T& element : value)
            put(element);
    }

    Bytes bytes_;
};

class Reader {
public:
    explicit Reader(ByteView from) : left_(from) {}

    template <class... T>
    void operator()(T&... values)
    {
        (get(values), ...);
    }
    // Everything was there, and nothing else.
    [[nodiscard]] bool complete() const { return ok_ && left_.empty(); }

private:
    ByteView raw(std::size_t size)
    {
        if (!ok_ || size > left_.size()) {
            ok_ = false;
            return {};
        }
        const ByteView out = left_.first(size);
        left_ = left_.subspan(size);
        return out;
    }
    std::uint64_t integer(std::size_t size)
    {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : raw(size))
            value = value << 8 | byte;
        return value;
    }
    ByteView blob() { return raw(static_cast<std::size_t>(integer(4))); }

    template <class T>
    void get(T& value)
    {
        if constexpr (std::is_same_v<T, bool>) {
            value = integer(1) != 0;
        } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
            value = static_cast<T>(integer(sizeof(T)));
        } else if constexpr (std::is_same_v<T, double>) {
            value = std::bit_cast<double>(integer(8));
        } else {
            fields(*this, value);
        }
    }
    template <class Rep, class Period>
    void get(std::chrono::duration<Rep, Period>& value)
    {
        value = std::chrono::duration<Rep, Period>(static_cast<Rep>(integer(8)));
    }
    template <class Clock, class Duration>
    void get(std::chrono::time_point<Clock, Duration>& value)
    {
        using Rep = typename Duration::rep;
        value = std::chrono::time_point<Clock, Duration>(Duration(static_cast<Rep>(integer(8))));
    }
    void get(std::string& value)
    {
        const ByteView from = blob();
        value.assign(from.begin(), from.end());
    }
    void get(Bytes& value)
    {
        const ByteView from = blob();
        value.assign(from.begin(), from.end());
    }
    template <class Tag, std::size_t N>
    void get(Id<Tag, N>& value)
    {
        const ByteView from = raw(N);
        if (ok_) std::memcpy(value.value.data(), from.data(), N);
    }
    template <std::size_t N>
    void get(std::array<std::uint8_t, N>& value)
    {
        const ByteView from = raw(N);
        if (ok_) std::memcpy(value.data(), from.data(), N);
    }
    template <std::size_t N>
    void get(crypto::Secret<N>& value)
    {
        const ByteView from = raw(N);
        if (ok_) std::memcpy(value.data(), from.data(), N);
    }
    template <class T>
    void get(std::optional<T>& value)
    {
        value.reset();
        if (integer(1) != 0 && ok_) get(value.emplace());
    }
    template <class T>
    void get(std::vector<T>& value)
    {
        const std::uint64_t count = integer(4);
        value.clear();
        // An element takes a byte at least: a count beyond what is left is a lie.
        if (count > left_.size()) ok_ = false;
        for (std::uint64_t i = 0; ok_ && i < count; ++i)
            get(value.emplace_back());
    }

    ByteView left_;
    bool ok_ = true;
};

// `record` is only read.
template <class Record>
void pack(Writer& writer, const Record& record)
{
    writer(const_cast<Record&>(record));
}

// Errc::damaged: not a record of this kind.
template <class Record>
[[nodiscard]] Result<Record> unpack(ByteView from)
{
    Record record;
    Reader reader(from);
    reader(record);
    if (!reader.complete()) return Errc::damaged;
    return record;
}

} // namespace tocsin::client
