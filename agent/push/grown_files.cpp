#include "agent/push/grown_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>

namespace lockstep::push {
namespace {

// Of the bytes before `size`; none when they cannot be read.
std::optional<std::size_t> hash_before(const Fd& file, std::uint64_t size)
{
    std::array<char, GrownFiles::end_bytes> bytes;
    const std::size_t wanted = std::min<std::uint64_t>(size, bytes.size());
    std::size_t filled = 0;
    while (filled < wanted) {
        const auto at = static_cast<off_t>(size - wanted + filled);
        const ssize_t got = ::pread(file.get(), bytes.data() + filled, wanted - filled, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        filled += static_cast<std::size_t>(got);
    }
    return std::hash<std::string_view>()(std::string_view(bytes.data(), wanted));
}

bool is_file(const GrownFiles::State& state, const struct stat& status)
{
    return state.device == status.st_dev && state.inode == status.st_ino;
}

}  // namespace

GrownFiles::Lacks GrownFiles::look_at(HeldDirectory& source, transport::Entry& entry,
                                      Seen& seen) const
{
    entry.as_listed = true;
    const Opened opened = source.open_file(entry.path);
    struct stat status {};
    if (!opened.fd || ::fstat(opened.fd.get(), &status) != 0) return Lacks::content;
    if (static_cast<std::uint64_t>(status.st_size) < entry.size) return Lacks::content;

    const auto found = files_.find(entry.path);
    const State* known =
        found != files_.end() && is_file(found->second, status) ? &found->second : nullptr;
    const std::optional<std::size_t> end_hash = hash_before(opened.fd, entry.size);
    if (!end_hash) return Lacks::content;
    State now;
    now.device = status.st_dev;
    now.inode = status.st_ino;
    now.size = entry.size;
    now.end_hash = *end_hash;
    seen.insert_or_assign(entry.path, now);

    if (known == nullptr || known->size == 0 || known->size > entry.size) return Lacks::content;
    if (hash_before(opened.fd, known->size) != known->end_hash) return Lacks::content;
    if (known->size == entry.size) return Lacks::nothing;
    entry.way = transport::Way::append;
    entry.append_from = known->size;
    return Lacks::tail;
}

void GrownFiles::begun(const Seen& seen)
{
    for (const auto& [path, state] : seen) files_.erase(path);
}

void GrownFiles::arrived(Seen seen)
{
    if (files_.size() + seen.size() > files_max) files_.clear();
    if (seen.size() > files_max) return;
    files_.merge(seen);
}

}  // namespace lockstep::push
