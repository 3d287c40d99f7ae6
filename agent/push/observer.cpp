#include "agent/push/observer.h"

#include "base/path.h"
#include "base/working_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace lockstep::push {
namespace {

bool is_since(const timespec& time, const timespec& since)
{
    return std::pair(time.tv_sec, time.tv_nsec) >= std::pair(since.tv_sec, since.tv_nsec);
}

}  // namespace

using transport::DirKind;
using transport::Entry;

void Observer::see(const std::string& path)
{
    if (!above_ || above_->path != parent_of(path)) see_parents(path);
    see_one(path);
}

void Observer::see_parents(const std::string& path)
{
    see_one(std::string());
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1))
        see_one(path.substr(0, slash));
}

void Observer::see_one(const std::string& path)
{
    const auto [seen, fresh] = result_.observed.at.try_emplace(path);
    if (fresh) seen->second = look_at(path);
}

const Observer::Above& Observer::above(const std::string& path)
{
    const std::string_view up = parent_of(path);
    if (above_ && above_->path == up) return *above_;
    std::string path_above(up);
    const auto seen = result_.observed.at.find(path_above);
    const bool holds_nothing =
        seen != result_.observed.at.end() && (!seen->second || !seen->second->is_directory());
    const bool unknown = unknown_.contains(path_above);
    above_ = Above{std::move(path_above), holds_nothing, unknown};
    return *above_;
}

std::optional<Entry> Observer::look_at(const std::string& path)
{
    // Below something that is not there is nothing, whatever comes there in the meantime.
    if (!path.empty() && above(path).holds_nothing) {
        if (above_->unknown)
            unknown_.insert(path);
        else
            result_.sightings.missed_path(path);
        return std::nullopt;
    }
    const timespec looked_at = state::time_of_look();
    struct stat status {};
    EntryResult result;
    result.error = held_.status(path, status);
    // A file that became a directory may be excluded by that alone.
    if (result.error == 0 && !path.empty() && options_.excluded &&
        options_.excluded(path, S_ISDIR(status.st_mode)))
        result.error = ENOENT;
    if (result.error == 0) {
        result = read_entry(source_, path, status, reading_, parent(path));
    }
    if (result.entry) {
        result_.sightings.saw_path(path, state::fingerprint_of(status, looked_at));
    } else if (is_absence(result.error)) {
        result_.sightings.missed_path(path);
    } else {
        result_.unobserved.push_back({path, result.error, false});
        unknown_.insert(path);
    }
    return std::move(result.entry);
}

Parent Observer::parent(const std::string& path)
{
    if (path.empty() || (!options_.acls && !options_.xattrs)) return {};
    const Fd& directory = held_.directory_of(path).fd;
    if (!directory) return {};
    return {.directory = &directory, .works_there = held_.work_in_directory_of(path)};
}

const Entry* Observer::directory_at(const std::string& path) const
{
    const auto seen = result_.observed.at.find(path);
    const bool is_one =
        seen != result_.observed.at.end() && seen->second && seen->second->is_directory();
    return is_one ? &*seen->second : nullptr;
}

Observer::Listing Observer::list(const std::string& directory,
                                 const std::optional<timespec>& changed_since)
{
    Listing listing;
    sightings_before_listing_ = result_.sightings.size();
    plan::ObservedSubtree subtree;
    subtree.path = directory;
    const Entry* itself = directory_at(directory);
    if (itself == nullptr) return listing;
    subtree.entries.push_back(*itself);

    std::vector<DirEntry> names;
    const timespec looked_at = state::time_of_look();
    const Opened opened = source_.open_directory(directory);
    const int error = opened.fd ? source_.list(opened.fd, directory, names) : opened.error;
    if (error != 0) {
        if (!is_absence(error) && error != EXDEV)
            result_.unobserved.push_back({directory, error, true});
        result_.observed.subtrees.push_back(std::move(subtree));
        return listing;  // stays plain: nothing below it is deleted
    }
    WorkingDirectory here;
    const bool works_there = !names.empty() && here.enter(opened.fd.get());
    const Parent parent{.directory = &opened.fd, .works_there = works_there};
    bool complete = true;
    result_.sightings.enter(directory, true);
    for (const DirEntry& name : names) {
        std::string path = join(directory, name.name);
        const bool is_directory = S_ISDIR(name.status.st_mode);
        if (options_.excluded && options_.excluded(path, is_directory)) continue;
        EntryResult result;
        result.error = name.error;
        if (name.error == 0) result = read_entry(source_, path, name.status, reading_, parent);
        if (!result.entry) {
            if (is_absence(result.error)) continue;
            result_.unobserved.push_back({path, result.error, false});
            complete = false;
            continue;
        }
        if (changed_since && result.entry->is_regular() &&
            is_since(name.status.st_ctim, *changed_since))
            subtree.changed.push_back(subtree.entries.size());
        subtree.entries.push_back(std::move(*result.entry));
        result_.sightings.saw(name.name, state::fingerprint_of(name.status, looked_at));
        if (!is_directory && name.status.st_nlink > 1) listing.linked = true;
        if (!is_directory || is_boundary(path, name.status)) continue;
        result_.observed.at.emplace(path, subtree.entries.back());  // listed next, most likely
        listing.below.push_back(std::move(path));
    }
    if (complete)
        subtree.entries.front().dir_kind = DirKind::content;
    else
        result_.sightings.spoil_complete();
    listing.entries = subtree.entries.size();
    result_.observed.subtrees.push_back(std::move(subtree));
    return listing;
}

bool Observer::is_boundary(const std::string& path, const struct stat& status) const
{
    return options_.one_file_system && status.st_dev != source_.device_at(path);
}

void Observer::forget_listing()
{
    result_.observed.subtrees.pop_back();
    result_.sightings.cut(sightings_before_listing_);
}

}  // namespace lockstep::push
