// A configuration file of any content: a Config or errors with a place, and never both.
#include "base/assert.h"
#include "config/load.h"
#include "input.h"

#include <string>

using namespace lockstep;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(fuzz::Input(data, size).text());
    const config::LoadResult loaded = config::load_text(text, "F");
    LOCKSTEP_ASSERT(loaded.config.has_value() == loaded.errors.empty(), "one of the two");
    for (const std::string& error : loaded.errors)
        LOCKSTEP_ASSERT(error.starts_with("F:"), "an error has a place");
    return 0;
}
