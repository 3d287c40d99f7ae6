#include "tests/convergence/journal.h"

#include "base/path.h"

#include <algorithm>
#include <cstdio>

namespace lockstep::testing {

namespace {

bool touches(const Operation& operation, const std::string& path)
{
    for (const std::string& mine : {operation.path, operation.other})
        if (!mine.empty() && (is_at_or_below(mine, path) || is_at_or_below(path, mine)))
            return true;
    return false;
}

}  // namespace

std::string describe(const Entry& entry)
{
    const auto* operation = std::get_if<Operation>(&entry.what);
    std::string text = std::to_string(entry.at.count() / 1000) + " ms: ";
    if (operation != nullptr) return text + describe(*operation);
    const auto& step = std::get<FaultStep>(entry.what);
    return text + "*** " + std::string(name_of(step.fault)) + (step.begins ? "" : ", ends");
}

Entries concerning(const Entries& entries, const std::vector<std::string>& paths)
{
    Entries some;
    for (const Entry& entry : entries) {
        const auto* operation = std::get_if<Operation>(&entry.what);
        if (operation == nullptr ||
            std::any_of(paths.begin(), paths.end(),
                        [&](const std::string& path) { return touches(*operation, path); }))
            some.push_back(entry);
    }
    return some;
}

void Journal::begin_round()
{
    const std::lock_guard lock(mutex_);
    entries_.clear();
    begun_ = std::chrono::steady_clock::now();
}

void Journal::note(std::variant<Operation, FaultStep> what)
{
    const std::lock_guard lock(mutex_);
    entries_.push_back({std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::steady_clock::now() - begun_),
                        std::move(what)});
}

Entries Journal::entries() const
{
    const std::lock_guard lock(mutex_);
    return entries_;
}

}  // namespace lockstep::testing
