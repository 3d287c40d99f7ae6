#include "tests/support/tree_equal.h"

#include "tests/support/child.h"

#include <chrono>
#include <sstream>

namespace lockstep::testing {

Lines tree_differences(const std::string& source, const std::string& destination,
                       const std::vector<std::string>& extra_args)
{
    Command command;
    command.argv = {"/usr/bin/rsync", "-naicHAX", "--numeric-ids", "--delete",
                    "--modify-window=-1"};
    command.argv.insert(command.argv.end(), extra_args.begin(), extra_args.end());
    command.argv.push_back("--");
    command.argv.push_back(source + "/");
    command.argv.push_back(destination + "/");
    const Output output = run(command, std::chrono::minutes(5));

    Lines lines;
    std::istringstream in(output.out + output.err);
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) lines.push_back(line);
    if (output.exit_code != 0)
        lines.push_back("rsync ended with " + std::to_string(output.exit_code));
    return lines;
}

}  // namespace lockstep::testing
