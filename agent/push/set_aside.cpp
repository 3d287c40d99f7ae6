#include "agent/push/set_aside.h"

#include "base/path.h"

#include <cerrno>
#include <string_view>
#include <unordered_map>

namespace lockstep::push {
namespace {

using transport::PathFailure;

PathFailure failure_of(const Unobserved& unobserved)
{
    PathFailure failure;
    failure.path = unobserved.path;
    failure.kind = unobserved.error == EACCES || unobserved.error == EPERM ? ErrorKind::permission
                                                                           : ErrorKind::local;
    failure.message = describe_errno("read", unobserved.path, unobserved.error);
    return failure;
}

}  // namespace

void set_aside(const std::vector<Unobserved>& unobserved, plan::Batch& batch, PushReport& report)
{
    if (unobserved.empty()) return;
    std::unordered_map<std::string_view, const Unobserved*> unknown;
    for (const Unobserved& one : unobserved) {
        if (one.listing)
            report.unlisted.push_back(one.path);
        else
            unknown.emplace(one.path, &one);
        report.failures.push_back(failure_of(one));
    }
    const auto hidden = [&](const plan::DirtyPath& dirty) {
        if (unknown.contains(dirty.path)) return true;
        return any_above(dirty.path, [&](std::string_view up) {
            const auto above = unknown.find(up);
            if (above == unknown.end()) return false;
            PathFailure failure = failure_of(*above->second);
            failure.path = dirty.path;
            report.failures.push_back(std::move(failure));
            return true;
        });
    };
    std::erase_if(batch.paths, hidden);
}

}  // namespace lockstep::push
