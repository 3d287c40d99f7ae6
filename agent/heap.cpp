#include "agent/heap.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace lockstep::agent {
namespace {

// Threads that allocate at once wait for one another where they share one; each keeps what it has
// had at most until it is trimmed.
constexpr int arenas_max = 8;
constexpr int large_bytes = 2 * 1024 * 1024;  // above what a file's transfer takes again and again
constexpr int slack_bytes = 1024 * 1024;      // free at the end of an arena; no trim takes it
constexpr int growth_bytes = 512 * 1024;      // of a heap, in one go

// Segments that nobody writes to are as the file has them, relocations included.
int give_back_segments(dl_phdr_info* object, std::size_t, void*)
{
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t from = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        const std::uintptr_t to = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        // The kernel's own object refuses; nothing is lost with that.
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader says it in numbers
        ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void set_up_heap()
{
    ::mallopt(M_ARENA_MAX, arenas_max);
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_TRIM_THRESHOLD, slack_bytes);
    ::mallopt(M_TOP_PAD, growth_bytes);
}

void give_back_memory()
{
    ::malloc_trim(0);
    ::dl_iterate_phdr(&give_back_segments, nullptr);
}

}  // namespace lockstep::agent
