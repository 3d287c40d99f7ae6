#include "agent/heap.h"

#include <malloc.h>

namespace lockstep::agent {
namespace {

constexpr int arenas_max = 2;  // threads that allocate at once wait for one another no longer than
                               // their own caches of small pieces run out
constexpr int large_bytes = 2 * 1024 * 1024;  // above what a file's transfer takes again and again
constexpr int slack_bytes = 1024 * 1024;      // free at the end of an arena; no trim takes it
constexpr int growth_bytes = 512 * 1024;      // of a heap, in one go

}  // namespace

void set_up_heap()
{
    ::mallopt(M_ARENA_MAX, arenas_max);
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_TRIM_THRESHOLD, slack_bytes);
    ::mallopt(M_TOP_PAD, growth_bytes);
}

void trim_heap()
{
    ::malloc_trim(0);
}

}  // namespace lockstep::agent
