// One file list under construction.
#pragma once

#include "agent/plan/plan.h"

#include <set>
#include <string>
#include <string_view>

namespace lockstep::plan {

// Of a path of the batch, or above one: these are all observed.
const std::optional<transport::Entry>& seen_at(const Observed& observed, const std::string& path);

// Entries by path, so that no name stands twice; every parent of an entry is one, too, with its
// true attributes: what changes inside a directory changes its times at both ends.
class ListBuilder {
public:
    explicit ListBuilder(const Observed& observed) : observed_(observed) {}

    void add(transport::Entry entry);
    void remove(const std::string& path);
    // What is only at the destination: parents that are not observed are left there as they are.
    // It has to fit.
    void add_only_there(const transport::Entry& entry);
    // The name is free, and nothing above it is listed as anything but a directory.
    bool fits(const std::string& path) const;

    bool empty() const noexcept { return entries_.empty(); }
    bool has(std::string_view path) const { return entries_.contains(path); }

    struct ByPath {
        using is_transparent = void;
        static std::string_view key(std::string_view path) { return path; }
        static std::string_view key(const transport::Entry& entry) { return entry.path; }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const
        {
            return key(a) < key(b);
        }
    };
    using Entries = std::set<transport::Entry, ByPath>;
    const Entries& entries() const { return entries_; }

    transport::PushList take();

private:
    void add_parents(std::string_view path);

    const Observed& observed_;
    Entries entries_;
    std::optional<std::string> last_parent_;  // that was added, if it was not there
};

}  // namespace lockstep::plan
