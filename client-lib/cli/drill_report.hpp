// What a drill has proven of the chain, contact by contact, and what is left to mend.
#pragma once

#include "client-lib/cli/card.hpp"

#include <tocsin/client.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::cli {

struct DrillContact {
    std::size_t contact = 0; // in AlertStatus::contacts
    std::optional<TimePoint> called_at{};
    bool skipped = false; // it has no device that could be called
    std::size_t devices = 0;
    std::size_t reached = 0; // delivered, says the relay, or opened
    std::size_t opened = 0;  // by their own signature
    std::size_t failed = 0;  // could not open it
    // After the call, the first of them; says the relay.
    std::optional<std::chrono::seconds> reached_after{};
    std::optional<std::chrono::seconds> opened_after{};
    bool declined = false;
    std::optional<std::chrono::seconds> accepted_after{};
    std::string person{}; // who accepted
};

struct DrillReport {
    // How far the chain is proven.
    enum class Reach { saved, with_relay, delivered, opened, answered };
    Reach reach = Reach::saved;
    std::vector<DrillContact> contacts; // nearest circle first
};

[[nodiscard]] DrillReport drill_report(const AlertStatus& status);

[[nodiscard]] std::string_view name_of(DrillReport::Reach reach);
[[nodiscard]] std::vector<CardLine> card_of(const DrillReport& report, const AlertStatus& status);
// "The chain works up to ...": what is proven, in one sentence.
[[nodiscard]] Sentence verdict_of(const DrillReport& report, const AlertStatus& status);
// What failed, each with what to do about it; empty when nothing did.
[[nodiscard]] std::vector<std::string> remedies_of(const DrillReport& report,
                                                   const AlertStatus& status);
[[nodiscard]] Json json_of(const DrillReport& report, const AlertStatus& status, TimePoint at);

} // namespace tocsin::cli
