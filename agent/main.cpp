// lockstep: commands to functions.
#include "agent/check.h"
#include "agent/cli/commands.h"
#include "agent/cli/options.h"
#include "agent/run.h"
#include "agent/sync.h"

#include <exception>
#include <iostream>

namespace {

using namespace lockstep;

struct Execute {
    int operator()(const cli::Run& command) const { return agent::run(command.config); }
    int operator()(const cli::Check& command) const
    {
        return agent::check({command.config, command.connect, command.path});
    }
    int operator()(const cli::Sync& command) const
    {
        return agent::sync(command.config, command.names);
    }
    int operator()(const cli::Status& command) const { return cli::status_command(command); }
    int operator()(const cli::Flush& command) const { return cli::flush_command(command); }
    int operator()(const cli::Resync& command) const { return cli::resync_command(command); }
    int operator()(const cli::Pause& command) const { return cli::pause_command(command); }
    int operator()(const cli::Resume& command) const { return cli::resume_command(command); }
    int operator()(const cli::Reload& command) const { return cli::reload_command(command); }
};

}  // namespace

int main(int argc, char** argv)
{
    try {
        const cli::Parsed parsed = cli::parse(argc, argv);
        if (!parsed.command) return parsed.exit_code;
        return std::visit(Execute{}, *parsed.command);
    } catch (const std::exception& error) {
        std::cerr << "lockstep: " << error.what() << '\n';
        return 1;
    }
}
