// The memory of a process that works in bursts and then is quiet for days.
#pragma once

namespace lockstep::agent {

// Once, before the first thread: few arenas, and what is large comes from the kernel and goes back
// there. glibc would otherwise raise its idea of large with each such piece that is freed, and keep
// in a heap of its own for each thread whatever the first compare took.
void set_up_heap();

// After work of thousands of paths: what it left behind goes back to the kernel, the pages of code
// too, which come back from the page cache one by one as they are run. Some milliseconds; any
// thread.
void give_back_memory();

}  // namespace lockstep::agent
