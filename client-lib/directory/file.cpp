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

PolicyEntry entry_of(const directory::PolicyDraft& draft)
{
    PolicyEntry entry = draft.entry;
    for (const directory::StepDraft& step : draft.steps)
        entry.steps.push_back({names_of(step.targets), false, step.delay, {}});
    entry.last_resort = names_of(draft.last_resort);
    return entry;
}

} // namespace

std::string DirectoryRemark::to_string() const
{
    return file + ':' + std::to_string(line) + ':' + std::to_string(column) +
           (weight == Weight::mistake ? ": mistake: " : ": warning: ") + what + " (" + mend + ')';
}

struct DirectoryFile::Contents {
    std::string text;
    std::vector<DirectoryRemark> remarks;
    std::string organisation;
    std::vector<Kind> consent_kinds;
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
    directory::Remarks remarks(std::move(file));
    directory::Draft draft;
    if (directory::parse(text, draft, remarks)) directory::check(draft, remarks);
    auto contents = std::make_shared<Contents>();
    contents->text = std::move(text);
    contents->remarks = remarks.take();
    contents->organisation = std::move(draft.organisation);
    for (const directory::ContactDraft& contact : draft.contacts)
        contents->contacts.push_back(contact.entry);
    for (const directory::PolicyDraft& policy : draft.policies)
        contents->policies.push_back(entry_of(policy));
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
const std::string& DirectoryFile::text() const { return contents_->text; }
const std::string& DirectoryFile::organisation() const { return contents_->organisation; }
const std::vector<Kind>& DirectoryFile::consent_kinds() const { return contents_->consent_kinds; }
const std::vector<PersonEntry>& DirectoryFile::people() const { return contents_->people; }
const std::vector<ContactEntry>& DirectoryFile::contacts() const { return contents_->contacts; }
const std::vector<ScheduleEntry>& DirectoryFile::schedules() const { return contents_->schedules; }
const std::vector<CommunityEntry>& DirectoryFile::communities() const
{
    return contents_->communities;
}
const std::vector<PolicyEntry>& DirectoryFile::policies() const { return contents_->policies; }

} // namespace tocsin
