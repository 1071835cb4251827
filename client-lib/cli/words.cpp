#include "client-lib/cli/words.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct Row {
    Errc code;
    Exit exit;
    const char* what;
    const char* safe;
    const char* next;
};

constexpr const char* kept = mark("Everything on this device is kept.");
constexpr const char* unchanged = mark("Nothing was changed.");

constexpr std::array<Row, 32> rows{{
    {Errc::malformed_frame, Exit::refused,
     mark("The relay and this program do not understand each other."), kept,
     mark("Something on the way may be changing the data, or one side is too old. Try another "
          "network, or --proxy; then update Tocsin.")},
    {Errc::not_authorised, Exit::refused, mark("This device may not do that."), unchanged,
     mark("Ask the person who keeps your organisation's directory.")},
    {Errc::conflict, Exit::refused, mark("Somebody else changed this first."), unchanged,
     mark("Look at it again, then repeat the command.")},
    {Errc::timed_out, Exit::unreachable, mark("No answer came in time, so the outcome is unknown."),
     kept, mark("Repeat the command: doing it twice does no harm.")},
    {Errc::unauthenticated, Exit::refused,
     mark("The relay does not know this device, or knows it no longer."), kept,
     mark("Ask the person who keeps your organisation's directory for a new invitation.")},
    {Errc::unsupported_version, Exit::refused,
     mark("One side speaks a version that the other does not know."), kept,
     mark("Update Tocsin on this device; if it is new, the relay has to be updated.")},
    {Errc::too_large, Exit::refused, mark("This is too long to send."), unchanged,
     mark("Shorten the text: the first message should be brief, more can follow with "
          "\"tocsin update\".")},
    {Errc::invalid_plan, Exit::refused, mark("The directory holds nobody who can receive this."),
     unchanged,
     mark("If you named kinds with --consent, name more. Otherwise tell the person who keeps your "
          "organisation's directory, and call by other means.")},
    {Errc::invalid_signature, Exit::untrusted, mark("A signature does not hold."),
     mark("What does not prove itself is not used."),
     mark("Tell the person who keeps your organisation's directory. Do not rely on this relay "
          "alone.")},
    {Errc::not_found, Exit::not_found, mark("There is no such alert here."), unchanged,
     mark("\"tocsin status\" and \"tocsin inbox\" list the alerts of this device.")},
    {Errc::storage_full, Exit::refused, mark("The relay's disk is full: it kept nothing."),
     mark("Everything on this device is kept. Earlier alerts go on being called, and answers "
          "still work."),
     mark("Repeat the command in a moment, and call by other means meanwhile.")},
    {Errc::storage_failed, Exit::refused, mark("The relay's disk refused: it confirmed nothing."),
     kept, mark("Repeat the command in a moment, and call by other means meanwhile.")},
    {Errc::busy, Exit::unreachable, mark("The relay is very busy."), kept,
     mark("Repeat the command in a moment.")},
    {Errc::draining, Exit::unreachable, mark("This relay is being stopped."), kept,
     mark("Repeat the command: another address, or the relay once it is back, will take it.")},
    {Errc::stale, Exit::refused, mark("This was overtaken: somebody was first."), unchanged,
     mark("\"tocsin status\" shows how it stands now.")},
    {Errc::closed, Exit::refused, mark("This alert has ended."), unchanged,
     mark("If help is needed again, raise a new alert.")},
    {Errc::expired, Exit::refused, mark("This is past its expiry."), unchanged,
     mark("Ask the person who keeps your organisation's directory for a new one.")},
    {Errc::rollback, Exit::untrusted,
     mark("The relay offered a directory older than the one this device has."),
     mark("The newer one is kept and used."),
     mark("Tell the person who keeps your organisation's directory.")},
    {Errc::quarantined, Exit::refused, mark("The relay's record of this is damaged and set aside."),
     kept, mark("Tell whoever runs the relay. For a new call for help, raise a new alert.")},
    {Errc::cannot_open, Exit::refused, mark("No key on this device opens this."),
     mark("The sender is told that this device does not count as reached."),
     mark("Another device of your desk may open it. If none does, ask for a new invitation.")},
    {Errc::commitment_mismatch, Exit::untrusted,
     mark("Different people were shown different alerts under one number."),
     mark("Nothing of it is shown as true."),
     mark("Reach the sender by other means, and tell the person who keeps your organisation's "
          "directory.")},
    {Errc::locked, Exit::locked, mark("This needs the passphrase of this device."), unchanged,
     mark("Run the command on a terminal, or give --passphrase-file or TOCSIN_PASSPHRASE.")},
    {Errc::wrong_passphrase, Exit::locked, mark("That passphrase does not open this device."),
     unchanged, mark("Try again. An alert needs no passphrase: \"tocsin alert\" always works.")},
    {Errc::damaged, Exit::refused, mark("A file of this device is torn or was altered."),
     mark("It is left as it is; nothing was deleted."),
     mark("Keep a copy of the key store, and ask for a new invitation into another one with "
          "--home.")},
    {Errc::unreachable, Exit::unreachable, mark("No relay answers."), kept,
     mark("Check the network. If it blocks the relay, try --proxy socks5://HOST:PORT, or another "
          "address with --relay HOST:PORT.")},
    {Errc::relay_forged, Exit::untrusted, mark("The relay showed something that nobody signed."),
     mark("Nothing of it was believed."),
     mark("Do not rely on this relay alone: call by other means, and tell the person who keeps "
          "your organisation's directory.")},
    {Errc::invalid_argument, Exit::usage, mark("That does not name one thing only."), unchanged,
     mark("Give more of it. \"tocsin COMMAND --help\" shows how it is written.")},
    {Errc::not_joined, Exit::not_found, mark("This device belongs to no organisation yet."),
     unchanged, mark("Join with the code that you were given: tocsin join CODE")},
    {Errc::already_exists, Exit::refused, mark("This would overwrite something that is kept."),
     unchanged, mark("To keep a second identity on this device, give another --home DIR.")},
    {Errc::io_failed, Exit::refused, mark("The disk of this device refused."),
     mark("What was saved before is still there."),
     mark("Make room on the disk, or give another --home DIR.")},
    {Errc::invitation_used, Exit::refused, mark("Somebody has joined with this code already."),
     unchanged,
     mark("If that was not you, say so at once to whoever gave you the code: they can shut that "
          "device out. Then ask for a new one.")},
    {Errc{}, Exit::refused, mark("Something went wrong that has no name here."), kept,
     mark("Repeat the command. If it stays, report it.")},
}};

template <class Enum, std::size_t N>
std::string_view in(const std::array<std::string_view, N>& names, Enum value)
{
    const auto number = static_cast<std::size_t>(value);
    return number < N ? names[number] : "unknown";
}

std::tm local(TimePoint at)
{
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    std::tm out{};
    localtime_r(&seconds, &out);
    return out;
}

std::string formatted(const char* format, TimePoint at)
{
    const std::tm when = local(at);
    std::array<char, 64> buffer{};
    return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &when)};
}

} // namespace

const std::array<ExitMeaning, 9>& exit_meanings()
{
    static constexpr std::array<ExitMeaning, 9> meanings{{
        {Exit::done, mark("done")},
        {Exit::refused, mark("refused, or failed")},
        {Exit::usage, mark("the command line makes no sense")},
        {Exit::saved_only, mark("saved on this device, not yet confirmed by the relay")},
        {Exit::locked, mark("the passphrase is missing or wrong")},
        {Exit::unreachable, mark("no relay answered in time")},
        {Exit::untrusted, mark("somebody showed what nobody signed")},
        {Exit::not_found, mark("no such alert, or this device has not joined")},
        {Exit::still_waiting, mark("asked; another person has to act first")},
    }};
    return meanings;
}

Trouble trouble_of(const boost::system::error_code& error)
{
    const bool ours = error.category() == tocsin_category();
    const bool file = error.category() == boost::system::generic_category();
    const auto code = ours   ? static_cast<Errc>(error.value())
                      : file ? Errc::io_failed
                             : Errc::unreachable; // the transport's own codes
    const auto found = std::ranges::find(rows, code, &Row::code);
    const Row& row = found == rows.end() ? rows.back() : *found;
    Trouble trouble{tr(row.what), tr(row.safe), tr(row.next), std::string{tocsin::name_of(code)},
                    row.exit};
    if (!ours) trouble.what += " (" + printable(error.message()) + ")";
    if (trouble.code.empty()) trouble.code = "unknown";
    return trouble;
}

bool is_passing(const boost::system::error_code& error)
{
    if (error.category() != tocsin_category()) return true;
    switch (static_cast<Errc>(error.value())) {
    case Errc::timed_out:
    case Errc::unreachable:
    case Errc::busy:
    case Errc::draining:
    case Errc::storage_full:
    case Errc::storage_failed:
    case Errc::malformed_frame:
        return true;
    default:
        return false;
    }
}

std::string words_of(Category category)
{
    static constexpr std::array<const char*, 10> words{
        mark("alert"),         mark("arrest"),      mark("raid"),           mark("threat"),
        mark("disappearance"), mark("expulsion"),   mark("digital attack"), mark("attack"),
        mark("surveillance"),  mark("other danger")};
    const auto number = static_cast<std::size_t>(category);
    return tr(words[number < words.size() ? number : 0]);
}

std::string words_of(Urgency urgency)
{
    switch (urgency) {
    case Urgency::immediate:
        return tr("help is needed at once");
    case Urgency::expected:
        return tr("help is needed within the hour");
    case Urgency::future:
        return tr("help is needed soon");
    case Urgency::past:
        return tr("the moment for help has passed");
    case Urgency::unknown:
        break;
    }
    return {};
}

std::string words_of(Severity severity)
{
    switch (severity) {
    case Severity::extreme:
        return tr("extreme danger");
    case Severity::severe:
        return tr("severe danger");
    case Severity::moderate:
        return tr("moderate danger");
    case Severity::minor:
        return tr("minor danger");
    case Severity::unknown:
        break;
    }
    return {};
}

std::string words_of(Certainty certainty)
{
    switch (certainty) {
    case Certainty::observed:
        return tr("seen to happen");
    case Certainty::likely:
        return tr("likely");
    case Certainty::possible:
        return tr("possible");
    case Certainty::unlikely:
        return tr("unlikely");
    case Certainty::unknown:
        break;
    }
    return {};
}

std::string words_of(Commitment commitment)
{
    static constexpr std::array<const char*, 10> words{mark("help"),
                                                       mark("call"),
                                                       mark("visit"),
                                                       mark("send a lawyer"),
                                                       mark("give medical help"),
                                                       mark("give shelter"),
                                                       mark("help to relocate"),
                                                       mark("raise the case"),
                                                       mark("attend the trial"),
                                                       mark("publish")};
    const auto number = static_cast<std::size_t>(commitment);
    return tr(words[number < words.size() ? number : 0]);
}

std::string words_of(Warning warning)
{
    switch (warning) {
    case Warning::relay_late:
        return tr("The relay is late: the next circle should have been called, and nobody has "
                  "signed anything. Do not wait for it: call by other means too.");
    case Warning::relay_forged:
        return tr("The relay showed words that nobody signed, or changed what it had told before. "
                  "They are not believed. Call by other means too.");
    case Warning::stopped_unsigned:
        return tr("The relay stopped calling, and nobody signed for that. Call by other means "
                  "too.");
    case Warning::lost_follow_up:
        return tr("A further message got lost on the way: what is shown here is not complete.");
    case Warning::directory_expired:
        return tr("The directory this was sent with is past its date: some of the people in it may "
                  "have changed.");
    case Warning::no_forward_secrecy:
        return tr("For some devices a long-lived key had to be used: whoever seizes one of those "
                  "later may read this alert.");
    case Warning::certificate_expired:
        return tr("The sender's certificate is past its date. Take it seriously, and check who it "
                  "is.");
    case Warning::sender_revoked:
        return tr(
            "The sender's device was reported lost or shut out. This may be somebody else, or "
            "a call for help all the same: check who it is.");
    case Warning::papers_replaced:
        return tr("The sender's papers are older than the organisation's newest keys. Mostly that "
                  "is a device that was offline. Take it seriously, and check who it is.");
    case Warning::papers_unfit:
        return tr("The papers on this device do not hold, so perhaps nobody can read this alert. "
                  "It is sent all the same. Call by other means too, and tell your organisation.");
    }
    return tr("Something about this alert does not add up.");
}

std::string noun_of(Kind kind)
{
    static constexpr std::array<const char*, 12> words{mark("contact"),
                                                       mark("peer circle"),
                                                       mark("protection desk"),
                                                       mark("network"),
                                                       mark("lawyer"),
                                                       mark("medical help"),
                                                       mark("media"),
                                                       mark("fund"),
                                                       mark("embassy"),
                                                       mark("parliament network"),
                                                       mark("regional mechanism"),
                                                       mark("special rapporteur")};
    const auto number = static_cast<std::size_t>(kind);
    return tr(words[number < words.size() ? number : 0]);
}

std::string the_kind_of(Kind kind)
{
    static constexpr std::array<const char*, 12> words{mark("a contact"),
                                                       mark("the peer circle"),
                                                       mark("the protection desk"),
                                                       mark("the network"),
                                                       mark("the lawyer"),
                                                       mark("the medical help"),
                                                       mark("the media contact"),
                                                       mark("the fund"),
                                                       mark("the embassy"),
                                                       mark("the parliament network"),
                                                       mark("the regional mechanism"),
                                                       mark("the special rapporteur")};
    const auto number = static_cast<std::size_t>(kind);
    return tr(words[number < words.size() ? number : 0]);
}

std::string kinds_text(const std::vector<Kind>& kinds)
{
    if (kinds.size() == kind_max) return tr("every kind of contact");
    std::string text;
    for (const Kind kind : kinds)
        text += (text.empty() ? "" : ", ") + noun_of(kind);
    return text;
}

std::string words_of_government(Consent consent)
{
    return consent == Consent::yes ? tr("the name may be given to the government")
                                   : tr("the name may NOT be given to the government");
}

std::string words_of_public(Consent consent)
{
    return consent == Consent::yes ? tr("the name may stand in public reports")
                                   : tr("the name may NOT stand in public reports");
}

std::string_view name_of(Following following)
{
    constexpr std::array<std::string_view, 4> names{"unknown", "next_step", "again_from_first",
                                                    "last_resort"};
    return in(names, following);
}

std::string_view name_of(Progress progress)
{
    constexpr std::array<std::string_view, 8> names{"unknown",     "saved",        "with_relay",
                                                    "with_device", "acknowledged", "cancelled",
                                                    "resolved",    "expired"};
    return in(names, progress);
}

std::string_view name_of(Verb verb)
{
    constexpr std::array<std::string_view, 9> names{"unknown",  "accept",         "renew",
                                                    "decline",  "resolve",        "hand_over",
                                                    "escalate", "confirm_cancel", "cancel"};
    return in(names, verb);
}

std::string_view name_of(Warning warning)
{
    constexpr std::array<std::string_view, 11> names{
        "unknown",        "relay_late",        "relay_forged",       "stopped_unsigned",
        "lost_follow_up", "directory_expired", "no_forward_secrecy", "certificate_expired",
        "sender_revoked", "papers_replaced",   "papers_unfit"};
    return in(names, warning);
}

std::string_view name_of(StepCause cause)
{
    constexpr std::array<std::string_view, 7> names{"unknown", "start",     "delay",  "declined",
                                                    "skipped", "unreached", "by_hand"};
    return in(names, cause);
}

std::string_view name_of(PageCause cause)
{
    constexpr std::array<std::string_view, 7> names{"unknown",  "step",        "desk",   "repeat",
                                                    "reminder", "last_resort", "resumed"};
    return in(names, cause);
}

std::string_view name_of(HoldEndCause cause)
{
    constexpr std::array<std::string_view, 5> names{"unknown", "lapsed", "declined", "handed_over",
                                                    "escalated"};
    return in(names, cause);
}

std::string_view name_of(Outcome outcome)
{
    constexpr std::array<std::string_view, 4> names{"unknown", "resolved", "cancelled", "expired"};
    return in(names, outcome);
}

std::string_view name_of(DeliveryState state)
{
    constexpr std::array<std::string_view, 5> names{"unknown", "queued", "sent", "delivered",
                                                    "opened"};
    return in(names, state);
}

std::string_view name_of(DeviceRole role)
{
    constexpr std::array<std::string_view, 4> names{"none", "admin", "contact", "defender"};
    return in(names, role);
}

std::string_view name_of(Duress duress)
{
    constexpr std::array<std::string_view, 3> names{"none", "ok", "duress"};
    return in(names, duress);
}

std::string clock_text(TimePoint at) { return formatted("%H:%M:%S", at); }

std::string day_text(TimePoint at) { return formatted("%Y-%m-%d", at); }

std::string duration_text(std::chrono::seconds duration)
{
    const auto count = std::max<std::int64_t>(0, duration.count());
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    if (count < 120) {
        if (count >= 60 && count % 60 == 0) return fill(tr("{n} min"), {{"n", number(count / 60)}});
        return fill(tr("{n} s"), {{"n", number(count)}});
    }
    if (count < 3600) return fill(tr("{n} min"), {{"n", number(count / 60)}});
    if (count < 2 * 86400) {
        const auto minutes = count % 3600 / 60;
        if (minutes == 0) return fill(tr("{n} h"), {{"n", number(count / 3600)}});
        return fill(tr("{n} h {m} min"), {{"n", number(count / 3600)}, {"m", number(minutes)}});
    }
    return fill(tr("{n} d"), {{"n", number(count / 86400)}});
}

std::string point_text(const Point& point)
{
    const auto degrees = [](double value) {
        // Five places are a metre: more would be noise.
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.5f", value);
        std::string text{buffer.data()};
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text += '0';
        return text;
    };
    std::string text = degrees(point.latitude) + ", " + degrees(point.longitude);
    if (point.accuracy_m > 0) {
        const auto metres = static_cast<std::int64_t>(point.accuracy_m + 0.5);
        text += " " + fill(tr("(within {n} m)"), {{"n", std::to_string(metres)}});
    }
    return text;
}

std::string short_id(const AlertId& id) { return to_hex(id.view()).substr(0, 8); }

TimePoint now()
{
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

} // namespace tocsin::cli
