// What the rooms of `tocsin org` share: its directory file, and the subcommands that live
// elsewhere.
#pragma once

#include "client-lib/cli/commands.hpp"

#include <tocsin/directory.hpp>

namespace tocsin::cli {

void show_remarks(Screen& screen, const std::vector<DirectoryRemark>& remarks);

enum class Show { mistakes, warnings_too };
// Reads a directory and shows what is wrong with it; `code` is 0 when nothing is.
[[nodiscard]] Result<DirectoryFile> read_directory(Screen& screen, const std::string& path,
                                                   int& code, Show show = Show::warnings_too);

// Asks whether to sign and publish, unless `yes` was said beforehand.
enum class Agreed { beforehand, ask };
[[nodiscard]] bool agreed_to_publish(Screen& screen, Agreed agreed, int& code);

// Sends what the books hold and have no confirmation for. All four outlive it.
[[nodiscard]] asio::awaitable<int> publish_books(Link* link, Screen* screen, Device* device,
                                                 Organisation* books);

// Secret, and needed once a year: beside nothing else. `Errc::already_exists`.
[[nodiscard]] Result<void> write_root_key(const std::string& path, ByteView bytes);

void add_org_check(CLI::App& org, Chosen& chosen);
void add_org_show(CLI::App& org, Chosen& chosen);
void add_org_keys(CLI::App& org, Chosen& chosen);

} // namespace tocsin::cli
