#include "agent/push/set_aside.h"

#include <cerrno>
#include <string>
#include <unordered_set>

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
    std::unordered_set<std::string> unknown;
    for (const Unobserved& one : unobserved) {
        if (one.listing)
            report.unlisted.push_back(one.path);
        else
            unknown.insert(one.path);
        report.failures.push_back(failure_of(one));
    }
    const auto hidden = [&](const plan::DirtyPath& dirty) {
        if (unknown.contains(dirty.path)) return true;
        for (std::size_t slash = dirty.path.find('/'); slash != std::string::npos;
             slash = dirty.path.find('/', slash + 1)) {
            if (!unknown.contains(dirty.path.substr(0, slash))) continue;
            PathFailure failure = report.failures.front();
            failure.path = dirty.path;
            report.failures.push_back(std::move(failure));
            return true;
        }
        return false;
    };
    std::erase_if(batch.paths, hidden);
}

}  // namespace lockstep::push
