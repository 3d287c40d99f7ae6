// A loopback of a test's own, as slow as it likes.
#pragma once

#include "base/fd.h"

#include <string>

namespace lockstep::testing {

// While it lives, the calling thread and what it starts are in a network namespace with nothing but
// a loopback, over which `rate` ("10mbit") goes. Then the thread is back where it was, and the
// namespace goes with the last process in it. Throws when the shaper cannot be set up.
class SlowLine {
public:
    // Takes root and `tc`: false where that is not to be had, and the test has nothing to test.
    static bool possible();

    explicit SlowLine(const std::string& rate);
    ~SlowLine();
    SlowLine(const SlowLine&) = delete;
    SlowLine& operator=(const SlowLine&) = delete;

private:
    Fd before_;
};

}  // namespace lockstep::testing
