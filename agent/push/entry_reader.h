// One object of the source, as the line of a file list that says it.
#pragma once

#include "base/beneath.h"
#include "transport/push_list.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace lockstep::push {

struct EntryReading {
    bool acls = false;
    bool xattrs = false;
    std::function<std::uint32_t(std::uint32_t mode)> sent_mode{};  // null: as it is
};

// The entry, or the errno that says why there is none; is_absence() tells "not there (any more)"
// from "cannot be known": only the former may ever lead to a deletion.
struct EntryResult {
    std::optional<transport::Entry> entry;
    int error = 0;
};
bool is_absence(int error) noexcept;

// The directory that an object is in, where it is open: what has neither ACL nor xattr is then
// never opened.
struct Parent {
    const Fd* directory = nullptr;
    bool works_there = false;  // this thread, see WorkingDirectory
};

// From its lstat; link target, ACLs and xattrs are read here.
EntryResult read_entry(const Beneath& source, const std::string& path, const struct stat& status,
                       const EntryReading& reading, const Parent& parent = {});

}  // namespace lockstep::push
