#include "agent/agent.h"

#include "agent/advice.h"
#include "agent/own_files.h"
#include "base/path.h"
#include "watcher/limits.h"

#include <unistd.h>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using status::CommandResult;

// Without a limit of its own a flush waits as long as it takes; this only bounds what a forgotten
// one holds.
constexpr std::chrono::hours flush_timeout{24};

CommandResult unknown_mapping(const std::string& name)
{
    CommandResult result;
    result.message = "no mapping named " + quoted(name);
    return result;
}

asio::awaitable<CommandResult> answer(CommandResult result)
{
    co_return result;
}

}  // namespace

log::Settings log_settings(const config::Log& log)
{
    log::Settings settings;
    settings.level = static_cast<log::Level>(log.level);
    settings.format = static_cast<log::Format>(log.format);
    settings.file = log.file;
    return settings;
}

Agent::Agent(Executors& executors, std::string config_file, config::Config config)
    : executors_(executors),
      config_file_(std::move(config_file)),
      config_(std::move(config)),
      started_at_(std::chrono::system_clock::now())
{
}

Agent::~Agent() = default;

std::shared_ptr<Mapping> Agent::make_mapping(const config::Mapping& config)
{
    MappingHost host;
    host.control = executors_.control().get_executor();
    host.transfer = executors_.pool().get_executor();
    host.line = [this] { return executors_.line(); };
    host.store = executors_.store().get_executor();
    host.state_dir = state_dir_.get();
    host.drainer = &drainer_;
    host.slots = slots_;
    host.publish = [this](status::EventLine line) {
        if (server_) server_->publish(std::move(line));
    };
    host.changed = [] {};
    return std::make_shared<Mapping>(config, std::move(host));
}

void Agent::start()
{
    const std::vector<std::string> inside = own_files_inside(config_);
    if (!inside.empty()) throw Error(ErrorKind::local, Remedy::needs_person, inside.front());
    const watcher::LimitsWanted wanted{config_.inotify.max_user_watches,
                                       config_.inotify.max_user_instances,
                                       config_.inotify.max_queued_events};
    const std::string refused = watcher::raise_limits(wanted);
    if (!refused.empty()) log::warn("agent", refused);

    status::HttpOptions options;
    options.unix_socket = config_.service.status_socket;
    options.listen = config_.service.listen;
    server_ = std::make_unique<status::HttpServer>(executors_.control().get_executor(), options,
                                                   control());
    state_dir_ = std::make_unique<state::StateDir>(config_.service.state_dir);
    for (const config::Mapping& mapping : config_.mappings) {
        const std::string advice = source_advice(mapping);
        if (!advice.empty()) log::warn("agent", advice, {{"mapping", mapping.name}});
        mappings_.push_back(make_mapping(mapping));
        mappings_.back()->start();
    }
}

void Agent::stop()
{
    if (stopping_) return;
    stopping_ = true;
    for (const std::shared_ptr<Mapping>& mapping : mappings_) mapping->stop();
    if (server_) server_->stop();
}

std::shared_ptr<Mapping> Agent::find(const std::string& name) const
{
    for (const std::shared_ptr<Mapping>& mapping : mappings_)
        if (mapping->config().name == name) return mapping;
    return nullptr;
}

CommandResult Agent::reload()
{
    CommandResult result;
    config::LoadResult loaded = config::load_file(config_file_);
    for (const std::string& warning : loaded.warnings) log::warn("agent", warning);
    if (!loaded.config) {
        result.message = "the configuration has errors; nothing was changed";
        result.errors = std::move(loaded.errors);
        for (const std::string& error : result.errors) log::error("agent", error);
        return result;
    }
    config::Config next = std::move(*loaded.config);
    result.errors = own_files_inside(next);
    if (!result.errors.empty()) {
        result.message = "files of ours lie in a source; nothing was changed";
        for (const std::string& error : result.errors) log::error("agent", error);
        return result;
    }
    try {
        log::configure(log_settings(next.log));
    } catch (const Error& error) {
        result.message = std::string(error.what()) + "; nothing was changed";
        return result;
    }

    std::vector<std::shared_ptr<Mapping>> kept;
    std::vector<std::shared_ptr<Mapping>> fresh;
    std::vector<std::shared_ptr<Mapping>> all;
    for (const config::Mapping& mapping : next.mappings) {
        const std::shared_ptr<Mapping> known = find(mapping.name);
        if (known && known->config() == mapping) {
            // The same lines may mean more now: a password file is read again, a module may be
            // back.
            known->resume_destinations();
            kept.push_back(known);
            all.push_back(known);
            continue;
        }
        fresh.push_back(make_mapping(mapping));
        all.push_back(fresh.back());
    }
    for (const std::shared_ptr<Mapping>& mapping : mappings_)
        if (std::find(kept.begin(), kept.end(), mapping) == kept.end()) mapping->stop();
    mappings_ = std::move(all);
    for (const std::shared_ptr<Mapping>& mapping : fresh) {
        try {
            mapping->start();
        } catch (const Error& error) {
            result.errors.push_back("mapping " + mapping->config().name + ": " + error.what());
            log::error("agent", result.errors.back());
        }
    }
    std::string later;
    if (next.service != config_.service) later = "; `service` takes effect at the next start";
    if (next.inotify != config_.inotify) later += "; `inotify` takes effect at the next start";
    config_ = std::move(next);
    result.ok = result.errors.empty();
    result.message = "reloaded: " + std::to_string(kept.size()) + " mappings unchanged, " +
                     std::to_string(fresh.size()) + " started" + later;
    log::info("agent", result.message);
    return result;
}

asio::awaitable<CommandResult> Agent::flush(std::vector<std::string> names,
                                            std::optional<std::chrono::milliseconds> timeout)
{
    const Clock::time_point limit = Clock::now() + timeout.value_or(flush_timeout);
    std::vector<std::shared_ptr<Mapping>> wanted;
    for (const std::string& name : names) {
        const std::shared_ptr<Mapping> mapping = find(name);
        if (!mapping) co_return unknown_mapping(name);
        wanted.push_back(mapping);
    }
    if (names.empty()) wanted = mappings_;
    CommandResult all;
    all.ok = true;
    for (const std::shared_ptr<Mapping>& mapping : wanted) {
        CommandResult one = co_await Mapping::flush(mapping, limit);
        if (one.ok) continue;
        all.ok = false;
        if (!all.message.empty()) all.message += "; ";
        all.message += one.message;
        for (std::string& path : one.paths) all.paths.push_back(std::move(path));
    }
    if (all.ok) all.message = "in step";
    co_return all;
}

std::shared_ptr<const status::Snapshot> Agent::snapshot() const
{
    const Clock::time_point now = Clock::now();
    const auto told = std::make_shared<status::Snapshot>();
    told->version = LOCKSTEP_VERSION;
    told->pid = ::getpid();
    told->started_at = started_at_;
    told->state = stopping_ ? "stopping" : "running";
    try {
        told->max_user_watches = watcher::read_limits().max_user_watches;
    } catch (const Error&) {
        told->max_user_watches = 0;  // /proc is not there: the rest is still worth telling
    }
    for (const std::shared_ptr<Mapping>& mapping : mappings_) {
        told->mappings.push_back(mapping->snapshot(now));
        told->watches += told->mappings.back().watches;
        told->queue_overflows += told->mappings.back().queue_overflows;
    }
    return told;
}

status::Control Agent::control()
{
    status::Control control;
    control.snapshot = [this] { return snapshot(); };
    control.flush = [this](std::vector<std::string> names,
                           std::optional<std::chrono::milliseconds> timeout) {
        return flush(std::move(names), timeout);
    };
    control.resync = [this](const std::string& name, bool accept_empty) {
        const std::shared_ptr<Mapping> mapping = find(name);
        return mapping ? Mapping::resync(mapping, accept_empty) : answer(unknown_mapping(name));
    };
    control.pause = [this](const std::string& name) {
        const std::shared_ptr<Mapping> mapping = find(name);
        if (!mapping) return answer(unknown_mapping(name));
        mapping->pause();
        return answer({true, "paused", {}, {}});
    };
    control.resume = [this](const std::string& name, bool accept_deletes) {
        const std::shared_ptr<Mapping> mapping = find(name);
        if (!mapping) return answer(unknown_mapping(name));
        mapping->resume(accept_deletes);
        return answer({true, "resumed", {}, {}});
    };
    control.reload = [this] { return answer(reload()); };
    return control;
}

}  // namespace lockstep::agent
