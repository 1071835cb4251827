// Alerts whose every byte follows from a number, and how a test waits for a store.
#pragma once

#include "relay/store/alert_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace tocsin::store {

using namespace std::chrono_literals;

inline constexpr TimePoint t0{std::chrono::milliseconds{1'750'000'000'000}};

template <class AnId>
AnId id_of(std::uint64_t n)
{
    AnId id;
    for (std::size_t i = 0; i < AnId::bytes; ++i)
        id.value[i] = static_cast<std::uint8_t>(n >> (8 * (i % 8)));
    id.value.back() = 0xA1;
    return id;
}

inline Bytes bytes_of(std::size_t size, std::uint64_t seed)
{
    Bytes out(size);
    for (std::uint8_t& byte : out) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::uint8_t>(seed >> 56);
    }
    return out;
}

inline Identity an_identity() { return {id_of<OrgId>(9), Epoch{1, 2, 3}, id_of<Digest>(10)}; }

// An alert all of whose bytes follow from `n`.
inline NewAlert an_alert(std::uint64_t n, std::size_t envelope_bytes = 300)
{
    NewAlert alert;
    alert.id = id_of<AlertId>(n);
    alert.digest = id_of<Digest>(16 * n + 1);
    alert.envelope = std::make_shared<const Bytes>(bytes_of(envelope_bytes, 16 * n + 2));
    alert.committed_at = t0;
    alert.expires_at = t0 + 24h;
    alert.row = {bytes_of(60, 16 * n + 3), {}};
    alert.position.version = 1;
    alert.position.head = id_of<Digest>(16 * n + 4);
    alert.position.deadline = t0 + 30s;
    return alert;
}

inline Append an_append(const AlertId& id, std::uint64_t expected_version, std::uint64_t seed = 0)
{
    Append change;
    change.id = id;
    change.expected_version = expected_version;
    // Different for every alert, version and seed.
    std::uint64_t mixed = seed;
    for (const std::uint8_t byte : id.value)
        mixed = mixed * 1099511628211u + byte;
    mixed = mixed * 1099511628211u + expected_version;
    change.rows = {{bytes_of(80, mixed), bytes_of(512, mixed + 1)}};
    change.position.version = expected_version + 1;
    change.position.head = id_of<Digest>(mixed + 2);
    change.position.deadline = t0 + 60s;
    return change;
}

inline Append a_closing(const AlertId& id, std::uint64_t expected_version, TimePoint at)
{
    Append change = an_append(id, expected_version);
    change.position.deadline.reset();
    change.position.closed = true;
    change.closed_at = at;
    return change;
}

// A loop of one's own that is never destroyed, only lent again: the thread that resumed the last caller
// may still be waking it when that caller has gone on.
inline std::shared_ptr<asio::io_context> a_loop()
{
    static std::vector<std::unique_ptr<asio::io_context>> all;
    static std::vector<asio::io_context*> idle;
    if (idle.empty()) {
        all.push_back(std::make_unique<asio::io_context>());
        idle.push_back(all.back().get());
    }
    asio::io_context* const lent = idle.back();
    idle.pop_back();
    return {lent, [](asio::io_context* back) {
                if (!back->stopped()) return; // something still waits in it
                back->restart();
                idle.push_back(back);
            }};
}

// Runs one call to its end and hands over what it yields.
template <class T>
Result<T> await(asio::awaitable<Result<T>> operation)
{
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    std::optional<Result<T>> out;
    asio::co_spawn(io, std::move(operation), [&out](std::exception_ptr error, Result<T> result) {
        if (error) std::rethrow_exception(error);
        out = std::move(result);
    });
    io.run();
    return std::move(*out);
}

// Runs many calls at once, resuming all of them on this thread.
template <class T>
std::vector<Result<T>> await_all(std::vector<asio::awaitable<Result<T>>> operations)
{
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    std::vector<Result<T>> out(operations.size(), Result<T>(Errc::timed_out));
    for (std::size_t i = 0; i < operations.size(); ++i)
        asio::co_spawn(io, std::move(operations[i]),
                       [&out, i](std::exception_ptr error, Result<T> result) {
                           if (error) std::rethrow_exception(error);
                           out[i] = std::move(result);
                       });
    io.run();
    return out;
}

} // namespace tocsin::store
