// What the source is right now, gathered look by look.
#pragma once

#include "agent/push/entry_reader.h"
#include "agent/push/observe.h"
#include "base/held_directory.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace lockstep::push {

// Blocking file I/O. What vanishes meanwhile is "not there"; nothing is looked at twice.
class Observer {
public:
    Observer(const Beneath& source, const ObserveOptions& options)
        : source_(source),
          held_(source),
          options_(options),
          reading_{options.acls, options.xattrs, options.sent_mode}
    {
    }

    // The path, and all above it.
    void see(const std::string& path);
    // None where the path was not seen, or no directory.
    const transport::Entry* directory_at(const std::string& path) const;
    // The names in a directory that was seen, but for those excluded. Nothing when it is none.
    struct Listing {
        std::vector<std::string> below;  // directories to enter, in no order
        std::size_t entries = 0;
        bool linked = false;  // one of the files has other names
    };
    // Files with a ctime from `changed_since` on are noted as changed.
    Listing list(const std::string& directory,
                 const std::optional<timespec>& changed_since = std::nullopt);
    // As if the last list() had not been.
    void forget_listing();

    Observation take() { return std::move(result_); }

private:
    // Of the object that was looked at last.
    struct Above {
        std::string path;
        bool holds_nothing;  // it is not there, or no directory
        bool unknown;        // nobody knows whether it is
    };

    void see_parents(const std::string& path);
    void see_one(const std::string& path);
    const Above& above(const std::string& path);
    std::optional<transport::Entry> look_at(const std::string& path);
    Parent parent(const std::string& path);
    bool is_boundary(const std::string& path, const struct stat& status) const;

    const Beneath& source_;
    HeldDirectory held_;
    const ObserveOptions& options_;
    EntryReading reading_;
    std::optional<Above> above_;
    std::unordered_set<std::string> unknown_;  // could not be looked at, nor what is below
    std::size_t sightings_before_listing_ = 0;
    Observation result_;
};

}  // namespace lockstep::push
