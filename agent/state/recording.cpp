#include "agent/state/recording.h"

#include "base/path.h"

#include <optional>
#include <unordered_map>
#include <utility>

namespace lockstep::state {
namespace {

// How closely the others have to look at what is `now` where it was `before`.
int look_at_change(const std::optional<Fingerprint>& before, const std::optional<Fingerprint>& now,
                   bool by_attributes)
{
    if (before && before->is_directory() && !(now && now->is_directory())) return subtree_look;
    const bool same_type = before && now && (before->mode & S_IFMT) == (now->mode & S_IFMT);
    return same_type && by_attributes ? attributes_look : content_look;
}

}  // namespace

Recording::Recording(const Acknowledgement& acknowledgement, std::int64_t destination,
                     const Destinations& destinations, DirtyRows& rows, Entries& entries)
    : acknowledgement_(acknowledgement),
      destination_(destination),
      destinations_(destinations),
      rows_(rows),
      entries_(entries)
{
    for (const DirtyRow& row : acknowledgement.again) failed_.insert(row.path);
    if (destinations.size() > 1)
        for (const DirtyRow& row : acknowledgement.sent)
            if (row.look == attributes_look) by_attributes_.insert(row.path);
}

std::vector<Lacking> Recording::run()
{
    if (!acknowledgement_.sent.empty()) rows_.end(destination_, acknowledgement_.sent);
    if (rows_.has_any(destination_)) clear_sent();
    for (const DirtyRow& row : acknowledgement_.again) rows_.add(destination_, row);
    acknowledgement_.sightings.for_each_group([&](const Sightings::Group& group) {
        if (group.complete)
            record_complete(group);
        else
            record_some(group);
    });
    return std::move(lacking_);
}

// What was sent and seen to be a file is there in the state that the index is about to have: its
// row goes, whatever it said.
void Recording::clear_sent()
{
    std::unordered_set<std::string> files;
    acknowledgement_.sightings.for_each_group([&](const Sightings::Group& group) {
        for (const Sightings::Name& name : group.names) {
            const std::optional<Fingerprint> now = unpacked(name.fingerprint);
            std::string path = join(group.directory, name.name);
            if (now && !now->is_directory() && !failed_.contains(path))
                files.insert(std::move(path));
        }
    });
    for (const DirtyRow& row : acknowledgement_.sent) {
        if (row.look >= subtree_look || !files.contains(row.path)) {
            rows_.clear(destination_, row);
            continue;
        }
        rows_.remove(destination_, row.path);
        cleared_.insert(row.path);
    }
}

void Recording::record_some(const Sightings::Group& group)
{
    for (const Sightings::Name& name : group.names)
        if (!failed_.contains(join(group.directory, name.name)))
            record(group.directory, name, entries_.find(group.directory, name.name));
}

void Recording::record_complete(const Sightings::Group& group)
{
    std::unordered_map<std::string, std::string> known = entries_.in(group.directory);
    for (const Sightings::Name& name : group.names) {
        const auto row = known.find(std::string(name.name));
        const std::string before = row == known.end() ? std::string() : std::move(row->second);
        if (row != known.end()) known.erase(row);
        if (!failed_.contains(join(group.directory, name.name)))
            record(group.directory, name, before);
    }
    for (const auto& [name, before] : known)
        if (!failed_.contains(join(group.directory, name))) forget(group.directory, name, before);
}

void Recording::record(std::string_view directory, const Sightings::Name& name,
                       std::string_view known)
{
    if (name.fingerprint.empty()) {
        forget(directory, name.name, known);
        return;
    }
    const std::string path = join(directory, name.name);
    const std::optional<Fingerprint> now = unpacked(name.fingerprint);
    if (!cleared_.contains(path)) has_state(path, now && now->is_directory());
    if (name.fingerprint == known) return;
    entries_.put(directory, name.name, name.fingerprint);
    if (!known.empty() && name.fingerprint.substr(1) == known.substr(1)) return;  // raciness alone
    const int look = look_at_change(unpacked(known), now, by_attributes_.contains(path));
    others_lack(path, look);
    if (look == subtree_look) entries_.remove_below(path);
}

void Recording::forget(std::string_view directory, std::string_view name, std::string_view known)
{
    const std::string path = join(directory, name);
    has_state(path, false);
    if (known.empty()) return;
    entries_.remove(directory, name);
    const std::optional<Fingerprint> before = unpacked(known);
    const bool lost_directory = !before || before->is_directory();
    others_lack(path, lost_directory ? subtree_look : content_look);
    if (lost_directory) entries_.remove_below(path);
}

// Alone, it is overtaken by nobody.
void Recording::has_state(std::string_view path, bool directory)
{
    if (destinations_.size() > 1) rows_.has_state(destination_, path, directory);
}

// A directory that went takes with it what the index knew of its content, which the others still
// have; should another directory have its name by the time they are sent to, it must not inherit
// that.
void Recording::others_lack(std::string_view path, int look)
{
    for (const auto& [url, id] : destinations_)
        if (id != destination_) {
            rows_.add_overtaken(id, path, look);
            lacking_.push_back({url, std::string(path), look});
        }
}

}  // namespace lockstep::state
