// The duty officer's evening: alerts that come in, what becomes of each, and which of them wake.
#pragma once

#include "client-lib/cli/incident_view.hpp"
#include "client-lib/cli/on_page.hpp"
#include "client-lib/cli/screen.hpp"

#include <tocsin/client.hpp>
#include <tocsin/incident.hpp>

#include <map>
#include <string>
#include <vector>

namespace tocsin::cli {

// All that is here, incidents under their heading, newest first.
void list_inbox(Screen& screen, const Device& device);

class Desk {
public:
    Desk(Screen& screen, Device& device, const std::string& on_page);

    // Alerts that are here already; their past is not told again.
    std::vector<AlertId> recall();
    void take(const ClientEvent& event);
    // Promises run out and steps come due without any event.
    void look_at_the_clock();

private:
    void tell(std::string_view type, const std::string& text, Tone tone);
    void show_new(const AlertId& id);
    void show_alone(const AlertStatus& status);
    void show_in(const Incident& incident, const AlertStatus& status);
    void tell_news(const AlertId& id);
    void ring(const ClientEvent& event);
    void run_program(const ClientEvent& event);

    Screen& screen_;
    Device& device_;
    OnPage on_page_;
    bool wants_program_;
    DeskBook book_;
    Wakings wakings_;
    std::map<AlertId, Story> stories_;
};

} // namespace tocsin::cli
