#include "agent/check.h"

#include "agent/advice.h"
#include "agent/hooks.h"
#include "agent/own_files.h"
#include "agent/push/probe.h"
#include "agent/push_job.h"
#include "agent/walk_count.h"
#include "base/path.h"
#include "config/load.h"
#include "watcher/limits.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/stat.h>

#include <csignal>
#include <iostream>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;

bool check_sources(const config::Config& config)
{
    bool fine = true;
    std::uint64_t directories = 0;
    for (const config::Mapping& mapping : config.mappings) {
        try {
            const Beneath source(mapping.source, mapping.one_file_system, mapping.follow);
            const SourceCount count =
                count_source(source, mapping.one_file_system, excluded_by(filter_of(mapping)));
            directories += count.directories;
            std::cout << "mapping " << mapping.name << ": " << quoted(mapping.source) << ", "
                      << count.directories << " directories, " << count.entries << " entries";
            if (count.unreadable > 0) std::cout << ", " << count.unreadable << " unreadable";
            std::cout << '\n';
        } catch (const Error& error) {
            std::cout << "mapping " << mapping.name << ": " << error.what() << '\n';
            fine = false;
        }
        const std::string advice = source_advice(mapping);
        if (!advice.empty())
            std::cout << "warning: mapping " << mapping.name << ": " << advice << '\n';
    }
    for (const std::string& inside : own_files_inside(config)) {
        std::cout << "error: " << inside << '\n';
        fine = false;
    }
    const watcher::InotifyLimits limits = watcher::read_limits();
    const std::uint64_t planned =
        std::max(limits.max_user_watches, config.inotify.max_user_watches.value_or(0));
    std::cout << "inotify: " << directories << " watches needed, fs.inotify.max_user_watches is "
              << limits.max_user_watches;
    if (planned > limits.max_user_watches)
        std::cout << " (raised to " << planned << " at start where we may)";
    std::cout << '\n';
    if (directories > planned) {
        std::cout << "error: directories beyond the limit are polled; cure: sysctl -w "
                     "fs.inotify.max_user_watches="
                  << directories * 2 << '\n';
        fine = false;
    }
    std::size_t instances = config.mappings.size();
    for (const config::Mapping& mapping : config.mappings) instances += mapping.follow.size();
    if (instances > limits.max_user_instances) {
        std::cout << "error: " << instances
                  << " inotify instances needed, fs.inotify.max_user_instances is "
                  << limits.max_user_instances
                  << "; cure: sysctl -w fs.inotify.max_user_instances=" << instances * 2 << '\n';
        fine = false;
    }
    return fine;
}

bool check_hooks(const config::Mapping& mapping)
{
    bool fine = true;
    for (const auto& [name, argv] :
         {std::pair("in_step", &mapping.hooks.in_step), {"trouble", &mapping.hooks.trouble}}) {
        if (argv->empty()) continue;
        const std::string why = why_not_a_program(argv->front());
        if (why.empty()) continue;
        std::cout << "error: mapping " << mapping.name << ": hooks." << name << ": "
                  << quoted(argv->front()) << ": " << why << '\n';
        fine = false;
    }
    return fine;
}

// True when a login, the options and the module's permissions are all right.
bool probe(const config::Mapping& mapping, const config::Destination& destination)
{
    asio::io_context context(1);
    bool fine = false;
    const auto told = [&](const std::exception_ptr& failure, const transport::PeerFacts& facts) {
        const std::string name = config::to_string(destination.url);
        if (!failure) {
            std::cout << "destination " << name << ": fine (protocol " << facts.protocol << ", "
                      << facts.checksum << ")\n";
            fine = true;
            return;
        }
        try {
            std::rethrow_exception(failure);
        } catch (const Error& error) {
            std::cout << "destination " << name << ": " << name_of(error.kind()) << ": "
                      << error.what()
                      << "\n  advice: " << advice_for(error.kind(), destination.url.scheme) << '\n';
        } catch (const std::exception& error) {
            std::cout << "destination " << name << ": " << error.what() << '\n';
        }
    };
    try {
        asio::co_spawn(context,
                       push::probe(endpoint_of(destination), push_options_of(mapping, destination)),
                       told);
        context.run();
    } catch (const Error& error) {
        std::cout << "destination " << config::to_string(destination.url) << ": " << error.what()
                  << '\n';
    }
    return fine;
}

void explain_path(const config::Config& config, const std::string& path)
{
    bool known = false;
    for (const config::Mapping& mapping : config.mappings) {
        std::string relative = path;
        if (path.starts_with('/')) {
            if (!path.starts_with(mapping.source + "/")) continue;
            relative = path.substr(mapping.source.size() + 1);
        }
        known = true;
        struct stat status {};
        const std::string absolute = mapping.source + "/" + relative;
        const bool directory = ::lstat(absolute.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
        const std::shared_ptr<const config::Filter> filter = filter_of(mapping);
        const std::string rule = filter->deciding_rule(relative, directory);
        std::cout << "mapping " << mapping.name << ": " << quoted(relative) << " is "
                  << (filter->excludes(relative, directory) ? "not sent" : "sent")
                  << (rule.empty() ? ", no rule matches" : ", by " + rule) << '\n';
    }
    if (!known) std::cout << quoted(path) << " is below no mapping's source\n";
}

}  // namespace

int check(const CheckRequest& request)
{
    const config::LoadResult loaded = config::load_file(request.config_file);
    for (const std::string& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
    if (!loaded.config) {
        for (const std::string& error : loaded.errors) std::cerr << error << '\n';
        return 2;
    }
    const config::Config& config = *loaded.config;
    if (request.path) {
        explain_path(config, *request.path);
        return 0;
    }
    std::signal(SIGCHLD, SIG_DFL);  // as in run
    bool fine = check_sources(config);
    for (const config::Mapping& mapping : config.mappings) fine = check_hooks(mapping) && fine;
    if (request.connect)
        for (const config::Mapping& mapping : config.mappings)
            for (const config::Destination& destination : mapping.destinations)
                fine = probe(mapping, destination) && fine;
    return fine ? 0 : 1;
}

}  // namespace lockstep::agent
