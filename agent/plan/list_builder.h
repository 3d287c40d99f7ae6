// One file list under construction.
#pragma once

#include "agent/plan/plan.h"

#include <map>
#include <string>

namespace lockstep::plan {

// Of a path of the batch, or above one: these are all observed.
const std::optional<transport::Entry>& seen_at(const Observed& observed, const std::string& path);

// Entries by path, so that no name stands twice; every parent of an entry is one, too, with its
// true attributes: what changes inside a directory changes its times at both ends.
class ListBuilder {
public:
    explicit ListBuilder(const Observed& observed) : observed_(observed) {}

    void add(const std::string& path, const transport::Entry& entry);
    void remove(const std::string& path);
    // What is only at the destination: parents that are not observed are left there as they are.
    // It has to fit.
    void add_only_there(const transport::Entry& entry);
    // The name is free, and nothing above it is listed as anything but a directory.
    bool fits(const std::string& path) const;

    bool empty() const noexcept { return entries_.empty(); }
    bool has(const std::string& path) const { return entries_.contains(path); }
    const std::map<std::string, transport::Entry>& entries() const { return entries_; }

    transport::PushList take();

private:
    void add_parents(const std::string& path);

    const Observed& observed_;
    std::map<std::string, transport::Entry> entries_;
};

}  // namespace lockstep::plan
