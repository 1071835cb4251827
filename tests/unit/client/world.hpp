// An organisation with a circle and a desk, one defender and two officers who have joined, and a
// relay between them.
#pragma once

#include "tests/unit/client/scripted_relay.hpp"

#include <tocsin/client.hpp>
#include <tocsin/directory.hpp>

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>

namespace tocsin::test {

using namespace std::chrono_literals;

inline constexpr std::string_view passphrase = "seven herons over Kivu";

// Deleted with everything in it.
class Folder {
public:
    Folder();
    Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Folder& operator=(Folder&&) = delete;
    ~Folder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Made once for all tests: joining takes its time.
struct Cast {
    Folder folder; // cert, key, and the homes: defender, circle, desk
    RelayState relay;
    std::optional<Organisation> organisation;
    DirectoryFile file;
    Bytes first_bundle; // an older directory
    static const Cast& get();
};

// A device and its client in this test's copy of its home.
struct Party {
    Party(asio::io_context& io, const std::filesystem::path& home, const std::string& address,
          ClientOptions options = {});
    std::filesystem::path home;
    Device device;
    std::unique_ptr<Client> client;
};

class World : public testing::Test {
protected:
    World();
    ~World() override;

    // Runs everything until the coroutine has ended.
    template <class T>
    T run(asio::awaitable<T> coroutine)
    {
        std::optional<T> out;
        asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            out.emplace(std::move(value));
        });
        until([&] { return out.has_value(); });
        return std::move(*out);
    }
    // Runs everything until `condition` holds; false when it never did.
    bool until(const std::function<bool()>& condition);

    Party& defender();
    Party& circle(); // slot 0 of an arrest
    Party& desk();   // slot 1
    Party& party(std::optional<Party>& slot, const char* name);

    // An alert raised by the defender and confirmed by the relay.
    AlertId raised(const AlertContent& content = an_arrest());
    // The same, delivered to the circle and opened there.
    AlertId received();
    [[nodiscard]] static AlertContent an_arrest();
    [[nodiscard]] AlertStatus status(Party& party, const AlertId& id);
    [[nodiscard]] static bool warned(const AlertStatus& status, Warning warning);
    // The circle's acceptance as the relay gets it.
    protocol::Answer accepted(const AlertId& id);

    asio::io_context io{1};
    Folder folder;
    std::unique_ptr<ScriptedRelay> relay;

private:
    std::optional<Party> defender_;
    std::optional<Party> circle_;
    std::optional<Party> desk_;
};

} // namespace tocsin::test
