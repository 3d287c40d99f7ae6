#include "agent/state/sightings.h"

#include "base/path.h"

#include <cstring>

namespace lockstep::state {
namespace {

// Records: one tag byte, then a length of four bytes and the bytes it counts; a name that is there
// is followed by its fingerprint.
constexpr char group_partial = 'g';
constexpr char group_complete = 'G';
constexpr char name_seen = 'n';
constexpr char name_missed = 'm';

std::string_view take(const std::string& bytes, std::size_t& at)
{
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    at += sizeof length;
    const std::string_view taken = std::string_view(bytes).substr(at, length);
    at += length;
    return taken;
}

}  // namespace

void Sightings::put(std::string_view bytes)
{
    const auto length = static_cast<std::uint32_t>(bytes.size());
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes_.append(bytes);
}

void Sightings::enter(std::string_view directory, bool complete)
{
    group_ = bytes_.size();
    bytes_.push_back(complete ? group_complete : group_partial);
    put(directory);
}

void Sightings::spoil_complete()
{
    if (group_ != no_group) bytes_[group_] = group_partial;
}

void Sightings::saw(std::string_view name, const Fingerprint& fingerprint)
{
    bytes_.push_back(name_seen);
    put(name);
    bytes_ += packed(fingerprint);
}

void Sightings::enter_parent_of(std::string_view path)
{
    const std::string_view directory = parent_of(path);
    if (group_ != no_group && bytes_[group_] == group_partial) {
        std::size_t at = group_ + 1;
        if (take(bytes_, at) == directory) return;
    }
    enter(directory, false);
}

void Sightings::saw_path(std::string_view path, const Fingerprint& fingerprint)
{
    enter_parent_of(path);
    saw(name_of_path(path), fingerprint);
}

void Sightings::missed_path(std::string_view path)
{
    enter_parent_of(path);
    bytes_.push_back(name_missed);
    put(name_of_path(path));
}

void Sightings::append(const Sightings& more)
{
    bytes_ += more.bytes_;
    group_ = no_group;
}

void Sightings::cut(std::size_t size)
{
    bytes_.resize(size);
    group_ = no_group;
}

Sightings::Group Sightings::group_at(std::size_t& at) const
{
    Group group;
    group.complete = bytes_[at++] == group_complete;
    group.directory = take(bytes_, at);
    while (at < bytes_.size() && (bytes_[at] == name_seen || bytes_[at] == name_missed)) {
        const bool seen = bytes_[at++] == name_seen;
        Name name;
        name.name = take(bytes_, at);
        if (seen) {
            name.fingerprint = std::string_view(bytes_).substr(at, packed_bytes);
            at += packed_bytes;
        }
        group.names.push_back(name);
    }
    return group;
}

}  // namespace lockstep::state
