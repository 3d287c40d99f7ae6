#include "agent/plan/dirty_item.h"

#include "base/assert.h"

#include <algorithm>
#include <new>

namespace lockstep::plan {

DirtyItem::DirtyItem(std::size_t path_bytes, Look look, std::uint64_t sequence,
                     TimePoint since) noexcept
    : sequence_(sequence),
      since_(since),
      path_bytes_(static_cast<std::uint32_t>(path_bytes) & path_bytes_max),
      look_(static_cast<std::uint32_t>(look) & 0xf)
{
}

DirtyItem* DirtyItem::make(std::string_view path, Look look, std::uint64_t sequence,
                           TimePoint since)
{
    static_assert(sizeof(DirtyItem) == path_at + 4, "the path follows the last member");
    LOCKSTEP_ASSERT(path.size() <= path_bytes_max, "a path is shorter than 16 MiB");
    void* const memory = ::operator new(std::max(sizeof(DirtyItem), path_at + path.size()));
    auto* const item = new (memory) DirtyItem(path.size(), look, sequence, since);
    path.copy(static_cast<char*>(memory) + path_at, path.size());
    return item;
}

void DirtyItem::Dispose::operator()(DirtyItem* item) const noexcept
{
    item->~DirtyItem();
    ::operator delete(static_cast<void*>(item));
}

}  // namespace lockstep::plan
