// Listeners need more of Catch2 than tests see; this file is built without the precompiled header.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "tests/support/failure.h"

#include <catch2/catch.hpp>

#include <atomic>

namespace lockstep::testing {

namespace {

std::atomic<bool> failed = false;

class FailureListener : public Catch::TestEventListenerBase {
public:
    using TestEventListenerBase::TestEventListenerBase;

    void testCaseStarting(const Catch::TestCaseInfo& info) override
    {
        TestEventListenerBase::testCaseStarting(info);
        failed = false;
    }

    bool assertionEnded(const Catch::AssertionStats& stats) override
    {
        if (!stats.assertionResult.isOk()) failed = true;
        return true;
    }
};

CATCH_REGISTER_LISTENER(FailureListener)

}  // namespace

bool test_has_failed() noexcept
{
    return failed;
}

}  // namespace lockstep::testing
