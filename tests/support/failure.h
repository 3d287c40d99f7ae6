// Whether the running test has failed so far, so that what it used can print its logs.
#pragma once

namespace lockstep::testing {

// True after a failed assertion of the running test case, also one that did not end it.
bool test_has_failed() noexcept;

}  // namespace lockstep::testing
