#include "agent/push/read_files.h"

#include <utility>

namespace lockstep::push {
namespace {

constexpr std::size_t file_bytes = 256;  // of one that is empty, its path included

bool is_same(const state::Fingerprint& before, const transport::Entry& seen)
{
    return before.inode == seen.inode && before.size == seen.size &&
           before.ctime_ns == seen.ctime_ns;
}

}  // namespace

ReadFiles::Content ReadFiles::find(const transport::Entry& seen) const
{
    const std::scoped_lock lock(mutex_);
    for (const Files* files : {&young_, &old_}) {
        const auto known = files->find(seen.path);
        if (known == files->end()) continue;
        return is_same(known->second.before, seen) ? known->second.content : nullptr;
    }
    return nullptr;
}

void ReadFiles::add(const std::string& path, const state::Fingerprint& before, Content content)
{
    if (before.racy) return;
    const std::size_t bytes = content->size() + file_bytes;
    Files forgotten;  // outside the lock
    const std::scoped_lock lock(mutex_);
    if (young_bytes_ + bytes > bytes_max / 2) {
        forgotten = std::exchange(old_, std::exchange(young_, {}));
        young_bytes_ = 0;
    }
    young_bytes_ += bytes;
    young_.insert_or_assign(path, Known{before, std::move(content)});
}

}  // namespace lockstep::push
