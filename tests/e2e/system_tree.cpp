#include "tests/e2e/system_tree.h"

#include "tests/support/child.h"
#include "tests/support/temp_tree.h"

#include <sys/stat.h>

#include <cstdlib>
#include <stdexcept>

namespace lockstep::testing {

namespace {

constexpr std::size_t entries_wanted = 3000;
constexpr std::size_t entries_max = 1500;  // of one directory
constexpr std::uint64_t bytes_max = 8 * 1024 * 1024;

struct Size {
    std::size_t entries = 0;
    std::uint64_t bytes = 0;
};

void add_up(const std::string& directory, Size& size)
{
    for (const std::string& name : names_in(directory)) {
        const std::string path = directory + "/" + name;
        const struct stat status = status_of(path);
        ++size.entries;
        if (S_ISREG(status.st_mode)) size.bytes += static_cast<std::uint64_t>(status.st_size);
        if (S_ISDIR(status.st_mode)) add_up(path, size);
    }
}

void copy(const std::string& from, const std::string& to)
{
    const Output output =
        run(Command{.argv = {"cp", "-a", "--", from, to}}, std::chrono::minutes(10));
    if (output.exit_code != 0) throw std::runtime_error("cp " + from + ": " + output.err);
}

}  // namespace

void copy_system_tree(const std::string& destination)
{
    const char* whole = std::getenv("LOCKSTEP_E2E_TREE");
    if (whole != nullptr && *whole != '\0') {
        copy(std::string(whole) + "/.", destination);
        return;
    }
    std::size_t entries = 0;
    for (const std::string& name : names_in("/usr/share")) {
        const std::string path = "/usr/share/" + name;
        if (!S_ISDIR(status_of(path).st_mode)) continue;
        Size size;
        add_up(path, size);
        if (size.entries == 0 || size.entries > entries_max || size.bytes > bytes_max) continue;
        copy(path, destination);
        entries += size.entries;
        if (entries >= entries_wanted) return;
    }
}

std::size_t count_entries(const std::string& directory)
{
    Size size;
    add_up(directory, size);
    return size.entries;
}

}  // namespace lockstep::testing
