// What small files hold, read once for all destinations of a mapping.
#pragma once

#include "agent/state/fingerprint.h"
#include "transport/contents.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace lockstep::push {

// What one destination has read another need not, if the file was the same when that one looked at
// it: nothing has changed between the look and the reading, whichever came first, as the status
// before the reading was not racy. What is known was whole: nobody wrote to it.
//
// Bounded: what came first is forgotten first, roughly. Any thread.
class ReadFiles {
public:
    using Content = decltype(transport::Content::read);
    static constexpr std::size_t file_bytes_max = std::size_t{8} * 1024;
    static constexpr std::size_t bytes_max = std::size_t{8} * 1024 * 1024;

    // Null: not known.
    Content find(const transport::Entry& seen) const;
    // `before`: its status before it was read.
    void add(const std::string& path, const state::Fingerprint& before, Content content);

private:
    struct Known {
        state::Fingerprint before;
        Content content;
    };
    using Files = std::unordered_map<std::string, Known>;

    mutable std::mutex mutex_;
    Files young_;
    Files old_;
    std::size_t young_bytes_ = 0;
};

}  // namespace lockstep::push
