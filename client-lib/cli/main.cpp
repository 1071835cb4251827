// `tocsin`, the command line. Hardens the process, chooses the language, and promises that whatever
// happens a person is told what is safe.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace {

// Keys and words live in this memory: it leaves no copy on a disk and no other program may look.
void harden()
{
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    // A relay that hangs up must not end the program.
    std::signal(SIGPIPE, SIG_IGN);
}

int unexpected(const char* what)
{
    using namespace tocsin::cli;
    std::cerr << tr("Something unexpected happened, and this program has to end.") << ' '
              << fill("({what})", {{"what", what}}) << '\n'
              << tr("What was saved on this device before is still there.") << '\n'
              << tr("Next: \"tocsin status\" shows what is saved, and sends what waits.")
              << std::endl;
    return static_cast<int>(Exit::refused);
}

} // namespace

int main(int argc, char** argv)
{
    harden();
    try {
        tocsin::cli::choose_language();
        return tocsin::cli::run_command_line(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("There is not enough memory. What was saved before is still there.\n", stderr);
        return static_cast<int>(tocsin::cli::Exit::refused);
    } catch (const std::exception& error) {
        return unexpected(error.what());
    }
}
