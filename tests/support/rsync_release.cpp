#include "tests/support/rsync_release.h"

#include "tests/support/child.h"

#include <cstdlib>
#include <regex>
#include <stdexcept>

namespace lockstep::testing {
namespace {

Release asked()
{
    const std::string said = run({rsync_of_daemons(), "--version"}).out;
    static const std::regex form(
        R"(rsync +version (\d+)\.(\d+)\.(\d+)\S* +protocol version (\d+))");
    std::smatch found;
    if (!std::regex_search(said, found, form))
        throw std::runtime_error(rsync_of_daemons() + " --version says: " + said);
    return {.version = {std::stoi(found[1]), std::stoi(found[2]), std::stoi(found[3])},
            .protocol = std::stoi(found[4])};
}

}  // namespace

std::string rsync_of_daemons()
{
    const char* const path = std::getenv("LOCKSTEP_TEST_DAEMON");
    return path != nullptr && *path != '\0' ? path : "/usr/bin/rsync";
}

std::string Release::compressor_for(const std::string& wanted) const
{
    return (wanted == "zstd" || wanted == "lz4") && !names_digests() ? "zlibx" : wanted;
}

const Release& release_of_daemons()
{
    static const Release release = asked();
    return release;
}

}  // namespace lockstep::testing
