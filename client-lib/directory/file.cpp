#include "client-lib/directory/draft.hpp"

#include <fstream>
#include <optional>
#include <sstream>

namespace tocsin {
namespace {

constexpr std::uintmax_t file_bytes_max = 1 << 20;

std::vector<std::string> names_of(const std::vector<directory::Named>& from)
{
    std::vector<std::string> names;
    for (const directory::Named& named : from)
        names.push_back(named.name);
    return names;
}

ContactEntry entry_of(const directory::ContactDraft& draft)
{
    ContactEntry entry = draft.entry;
    entry.people = names_of(draft.people);
    return entry;
}

ScheduleEntry entry_of(const directory::ScheduleDraft& draft)
{
    return {draft.entry.id, draft.contact.name, draft.schedule};
}

CommunityEntry entry_of(const directory::CommunityDraft& draft)
{
    CommunityEntry entry = draft.entry;
    entry.peers = names_of(draft.peers);
    return entry;
}

ConditionsEntry entry_of(const directory::ConditionsDraft& draft)
{
    ConditionsEntry entry = draft.entry;
    entry.communities = names_of(draft.communities);
    return entry;
}

PolicyEntry entry_of(const directory::PolicyDraft& draft)
{
    PolicyEntry entry = draft.entry;
    entry.conditions = entry_of(draft.conditions);
    for (const directory::StepDraft& step : draft.steps)
        entry.steps.push_back({names_of(step.targets), step.community_at.has_value(), step.delay,
                               entry_of(step.conditions)});
    entry.last_resort = names_of(draft.last_resort);
    return entry;
}

template <class Entry, class Part>
std::vector<Entry> entries_of(const std::vector<Part>& parts)
{
    std::vector<Entry> entries;
    for (const Part& part : parts)
        entries.push_back(entry_of(part));
    return entries;
}

} // namespace

std::string DirectoryRemark::to_string() const
{
    return file + ':' + std::to_string(line) + ':' + std::to_string(column) +
           (weight == Weight::mistake ? ": mistake: " : ": warning: ") + what + " (" + mend + ')';
}

struct DirectoryFile::Contents {
    std::string file;
    std::string text;
    std::vector<DirectoryRemark> remarks;
    directory::Draft draft; // with the places, for forecast()
    std::vector<PersonEntry> people;
    std::vector<ContactEntry> contacts;
    std::vector<ScheduleEntry> schedules;
    std::vector<CommunityEntry> communities;
    std::vector<PolicyEntry> policies;
};

DirectoryFile::DirectoryFile(std::shared_ptr<const Contents> contents)
    : contents_(std::move(contents))
{
}

DirectoryFile DirectoryFile::parse(std::string text, std::string file)
{
    auto contents = std::make_shared<Contents>();
    directory::Remarks remarks(file);
    directory::Draft& draft = contents->draft;
    if (directory::parse(text, draft, remarks)) directory::check(draft, remarks);
    contents->file = std::move(file);
    contents->text = std::move(text);
    contents->remarks = remarks.take();
    for (const directory::PersonDraft& person : draft.people)
        contents->people.push_back(person.entry);
    contents->contacts = entries_of<ContactEntry>(draft.contacts);
    contents->schedules = entries_of<ScheduleEntry>(draft.schedules);
    contents->communities = entries_of<CommunityEntry>(draft.communities);
    contents->policies = entries_of<PolicyEntry>(draft.policies);
    return DirectoryFile(std::move(contents));
}

Result<DirectoryFile> DirectoryFile::read(const std::filesystem::path& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error == std::errc::no_such_file_or_directory) return Errc::not_found;
    if (error) return Errc::io_failed;
    if (size > file_bytes_max) return Errc::too_large;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (size != 0) text << stream.rdbuf();
    if (!stream || !text) return Errc::io_failed;
    return parse(std::move(text).str(), path.string());
}

bool DirectoryFile::ok() const
{
    return std::ranges::none_of(contents_->remarks, [](const DirectoryRemark& remark) {
        return remark.weight == DirectoryRemark::Weight::mistake;
    });
}

const std::vector<DirectoryRemark>& DirectoryFile::remarks() const { return contents_->remarks; }

std::vector<DirectoryRemark>
DirectoryFile::forecast(TimePoint now, const std::vector<EnrolledDevice>* devices) const
{
    directory::Remarks remarks(contents_->file);
    if (!ok()) return {};
    directory::forecast(contents_->draft, now, remarks);
    if (devices != nullptr) directory::check_devices(contents_->draft, *devices, remarks);
    return remarks.take();
}

const std::string& DirectoryFile::text() const { return contents_->text; }
const std::string& DirectoryFile::organisation() const { return contents_->draft.organisation; }
std::chrono::seconds DirectoryFile::incident_window() const
{
    return contents_->draft.incident_window;
}
const std::vector<Kind>& DirectoryFile::consent_kinds() const
{
    return contents_->draft.consent.kinds;
}
const std::vector<PersonEntry>& DirectoryFile::people() const { return contents_->people; }
const std::vector<ContactEntry>& DirectoryFile::contacts() const { return contents_->contacts; }
const std::vector<ScheduleEntry>& DirectoryFile::schedules() const { return contents_->schedules; }
const std::vector<CommunityEntry>& DirectoryFile::communities() const
{
    return contents_->communities;
}
const std::vector<PolicyEntry>& DirectoryFile::policies() const { return contents_->policies; }

} // namespace tocsin
