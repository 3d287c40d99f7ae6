#include "agent/cli/options.h"

#include "config/units.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <iostream>
#include <memory>

namespace lockstep::cli {
namespace {

constexpr int wrong_usage = 2;

void add_config(CLI::App& app, std::string& config)
{
    config = "/etc/lockstep/lockstep.yaml";
    app.add_option("-c,--config", config, "the configuration file")
        ->type_name("FILE")
        ->capture_default_str();
}

void add_socket(CLI::App& app, std::string& socket)
{
    socket = "/run/lockstep/status.sock";
    app.add_option("--socket", socket, "the daemon's status socket")
        ->type_name("PATH")
        ->envname("LOCKSTEP_SOCKET")
        ->capture_default_str();
}

CLI::Option* add_names(CLI::App& app, std::vector<std::string>& names, const char* help)
{
    return app.add_option("NAME", names, help)->type_name("");
}

std::string duration_mistake(const std::string& text)
{
    if (config::parse_duration(text)) return "";
    return "expected a duration such as 250ms, 5s or 10m, found '" + text + "'";
}

// The commands, each with the value its options fill in. `chosen` becomes the one that was given.
class Commands {
public:
    explicit Commands(CLI::App& app) : app_(app)
    {
        add_run();
        add_check();
        add_sync();
        add_status();
        add_flush();
        add_resync();
        add_pause();
        add_resume();
        add_reload();
    }
    Commands(const Commands&) = delete;
    Commands& operator=(const Commands&) = delete;

    std::optional<Command> chosen;

private:
    template <typename Value>
    CLI::App& add(const char* name, const char* help, Value& value)
    {
        CLI::App* command = app_.add_subcommand(name, help);
        command->callback([this, &value] { chosen = value; });
        return *command;
    }

    void add_run()
    {
        CLI::App& app = add("run", "Run the daemon in the foreground", run_);
        add_config(app, run_.config);
    }

    void add_check()
    {
        CLI::App& app = add("check", "Validate the configuration and the kernel's limits", check_);
        add_config(app, check_.config);
        app.add_flag("--connect", check_.connect,
                     "log in to every destination and probe it for writability");
        app.add_option("--path", check_.path,
                       "tell whether this path would be sent, and which rule decides")
            ->type_name("PATH");
    }

    void add_sync()
    {
        CLI::App& app = add("sync", "Synchronise once, fully, and exit", sync_);
        add_config(app, sync_.config);
        add_names(app, sync_.names, "mappings; without any, all");
    }

    void add_status()
    {
        CLI::App& app = add("status", "Show what the daemon is doing", status_);
        add_names(app, status_.names, "mappings; without any, all");
        app.add_flag("--json", status_.json, "as JSON");
        app.add_flag("--watch", status_.watch, "again every second, until Ctrl-C");
        add_socket(app, status_.socket);
    }

    void add_flush()
    {
        CLI::App& app = add("flush", "Return when every change made so far has arrived", flush_);
        add_names(app, flush_.names, "mappings; without any, all");
        app.add_option_function<std::string>(
               "--timeout",
               [this](const std::string& text) { flush_.timeout = config::parse_duration(text); },
               "give up after this long; without it, never")
            ->type_name("DURATION")
            ->check(duration_mistake);
        add_socket(app, flush_.socket);
    }

    void add_resync()
    {
        CLI::App& app =
            add("resync", "Compare mappings with their destinations, fully, now", resync_);
        add_names(app, resync_.names, "mappings")->required();
        app.add_flag("--accept-empty", resync_.accept_empty,
                     "an empty source is meant: delete what is at the destinations");
        add_socket(app, resync_.socket);
    }

    void add_pause()
    {
        CLI::App& app = add("pause", "Stop sending; changes go on being collected", pause_);
        add_names(app, pause_.names, "mappings")->required();
        add_socket(app, pause_.socket);
    }

    void add_resume()
    {
        CLI::App& app = add("resume", "Go on sending", resume_);
        add_names(app, resume_.names, "mappings")->required();
        app.add_flag("--accept-deletes", resume_.accept_deletes,
                     "the deletions that max_delete stopped are meant");
        add_socket(app, resume_.socket);
    }

    void add_reload()
    {
        CLI::App& app = add("reload", "Read the configuration again", reload_);
        add_socket(app, reload_.socket);
    }

    CLI::App& app_;
    Run run_;
    Check check_;
    Sync sync_;
    Status status_;
    Flush flush_;
    Resync resync_;
    Pause pause_;
    Resume resume_;
    Reload reload_;
};

}  // namespace

Parsed parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err)
{
    CLI::App app("Keeps remote rsync modules in step with local directories, in real time.",
                 "lockstep");
    app.set_version_flag("--version", std::string(version_text), "print the version and exit");
    app.set_help_flag("-h,--help", "print this and exit");
    app.require_subcommand(1);
    Commands commands(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& ended) {
        const int code = app.exit(ended, out, err);
        return {std::nullopt, code == 0 ? 0 : wrong_usage};
    }
    return {std::move(commands.chosen), 0};
}

Parsed parse(int argc, char** argv)
{
    return parse(argc, argv, std::cout, std::cerr);
}

}  // namespace lockstep::cli
