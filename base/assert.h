// A broken invariant stops the agent before it deletes something: on in release too.
#pragma once

#include <cstdio>
#include <cstdlib>

#define LOCKSTEP_ASSERT(condition, why)                                                         \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            std::fprintf(stderr, "%s:%d: invariant broken: %s (%s)\n", __FILE__, __LINE__, why, \
                         #condition);                                                           \
            std::abort();                                                                       \
        }                                                                                       \
    } while (false)
