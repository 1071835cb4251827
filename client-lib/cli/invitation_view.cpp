#include "client-lib/cli/invitation_view.hpp"

#include "client-lib/cli/code_text.hpp"
#include "client-lib/cli/qr.hpp"
#include "client-lib/cli/text.hpp"

namespace tocsin::cli {

void show_spoken(Screen& screen, const std::string& what, const std::string& spoken,
                 const std::string& address)
{
    screen.say(what);
    screen.blank();
    screen.say("    " + grouped_digits(spoken), Tone::heading);
    screen.blank();
    screen.say(tr("They type:"));
    screen.say(fill("tocsin join {code} at {relay}",
                    {{"code", grouped_digits(spoken)}, {"relay", address}}));
    screen.blank();
    const std::size_t columns = screen.room_for_pictures();
    if (columns == 0) return;
    const std::vector<std::string> picture = qr_lines(code_uri(spoken, address), columns);
    if (picture.empty()) return;
    screen.picture(picture);
    screen.blank();
}

} // namespace tocsin::cli
