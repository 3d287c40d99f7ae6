#include "agent/sync.h"

#include "agent/advice.h"
#include "agent/delete_budget.h"
#include "agent/executors.h"
#include "agent/push_job.h"
#include "agent/walk_count.h"
#include "base/path.h"
#include "config/load.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <csignal>
#include <iostream>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// What changes while it is sent is looked at again; a tree that never stands still ends here.
constexpr int rounds_max = 5;

struct Run {
    config::Mapping mapping;
    config::Destination destination;
    std::shared_ptr<const config::Filter> filter;
    std::shared_ptr<transport::Progress> progress = std::make_shared<transport::Progress>();
    std::uint64_t entries = 0;
    bool over = false;
    bool fine = false;
    std::string said;  // the line that tells how it ended

    std::string name() const { return mapping.name + " -> " + config::to_string(destination.url); }
};

push::PushJob job_for(const Run& run, push::SourceIdentity identity)
{
    push::PushJob job = push_job(run.mapping, run.destination, run.filter);
    job.identity = identity;
    job.plan.deletes_max = DeleteBudget(run.mapping.max_delete).left(run.entries, Clock::now());
    job.progress = run.progress;
    return job;
}

std::string summary(const transport::PushFigures& figures)
{
    return std::to_string(figures.files_sent) + " files, " + std::to_string(figures.literal_bytes) +
           " bytes of content, " + std::to_string(figures.files_deleted) + " deleted, " +
           std::to_string(figures.bytes_sent) + " bytes on the wire";
}

void end(Run& run, bool fine, std::string said)
{
    run.over = true;
    run.fine = fine;
    run.said = run.name() + ": " + std::move(said);
}

asio::awaitable<void> synchronise(Run& run, push::SessionPool::Threads threads)
{
    push::SourceIdentity identity;
    {
        const Beneath source(run.mapping.source, run.mapping.one_file_system, run.mapping.follow);
        struct stat status {};
        if (source.status(std::string_view(), status) == 0)
            identity = {status.st_dev, status.st_ino};
        const SourceCount count =
            count_source(source, run.mapping.one_file_system, excluded_by(run.filter));
        run.entries = count.entries;
    }
    const std::shared_ptr<push::SessionPool> sessions =
        make_sessions(std::move(threads), run.destination, 0);
    plan::Batch batch;
    batch.paths.push_back({std::string(), plan::Look::subtree, 0, Clock::now(), 0});
    transport::PushFigures figures;
    for (int round = 1;; ++round) {
        push::PushJob job = job_for(run, identity);
        job.batch = batch;
        job.sessions = sessions;
        const push::PushReport report = co_await asio::co_spawn(
            sessions->strand(), push::push_batch(std::move(job)), asio::use_awaitable);
        figures += report.figures;
        batch.paths.clear();
        std::string failed;
        for (const transport::PathFailure& failure : report.failures) {
            if (failure.vanished && round < rounds_max)
                batch.paths.push_back({failure.path, plan::Look::content, 0, Clock::now(), 0});
            else
                failed += "\n  " + failure.message;
        }
        for (const std::string& text : report.unattributed) failed += "\n  " + text;
        if (report.max_delete_hit || !report.withheld.empty())
            failed += "\n  more deletions than max_delete allows; the rest was not deleted";
        if (!failed.empty()) {
            end(run, false, "not in step: " + summary(figures) + failed);
            co_return;
        }
        if (batch.paths.empty()) break;
    }
    end(run, true, "in step: " + summary(figures));
}

// Draws the bar once in a while; on a pipe nothing until the end.
class Screen {
public:
    Screen(asio::io_context& context, const std::vector<std::unique_ptr<Run>>& runs)
        : runs_(runs), timer_(context), terminal_(::isatty(STDOUT_FILENO) == 1)
    {
        if (terminal_) draw_later();
    }

    void finish()
    {
        timer_.cancel();
        if (terminal_) std::cout << "\r\x1b[K" << std::flush;
    }

private:
    void draw_later()
    {
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            draw();
            draw_later();
        });
    }

    void draw()
    {
        std::uint64_t entries = 0;
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
        std::size_t over = 0;
        for (const std::unique_ptr<Run>& run : runs_) {
            entries += run->entries;
            files += run->progress->files_done;
            bytes += run->progress->bytes_done;
            if (run->over) ++over;
        }
        constexpr std::size_t width = 30;
        const std::size_t filled =
            entries == 0 ? 0 : std::min<std::size_t>(width, files * width / entries);
        std::cout << "\r\x1b[K[" << std::string(filled, '#') << std::string(width - filled, '.')
                  << "] " << files << " of at most " << entries << " files, " << bytes / 1'000'000
                  << " MB, " << over << "/" << runs_.size() << " destinations done" << std::flush;
    }

    const std::vector<std::unique_ptr<Run>>& runs_;
    asio::steady_timer timer_;
    bool terminal_;
};

}  // namespace

int sync(const std::string& config_file, const std::vector<std::string>& names)
{
    const config::LoadResult loaded = config::load_file(config_file);
    for (const std::string& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
    if (!loaded.config) {
        for (const std::string& error : loaded.errors) std::cerr << error << '\n';
        return 2;
    }
    std::vector<std::unique_ptr<Run>> runs;
    for (const std::string& name : names) {
        const auto& mappings = loaded.config->mappings;
        const bool known =
            std::any_of(mappings.begin(), mappings.end(),
                        [&](const config::Mapping& mapping) { return mapping.name == name; });
        if (known) continue;
        std::cerr << "lockstep: no mapping named " << quoted(name) << " in " << config_file << '\n';
        return 2;
    }
    for (const config::Mapping& mapping : loaded.config->mappings) {
        if (!names.empty() && std::find(names.begin(), names.end(), mapping.name) == names.end())
            continue;
        const std::shared_ptr<const config::Filter> filter = filter_of(mapping);
        for (const config::Destination& destination : mapping.destinations) {
            runs.push_back(std::make_unique<Run>());
            runs.back()->mapping = mapping;
            runs.back()->destination = destination;
            runs.back()->filter = filter;
        }
    }

    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);  // as in run
    std::signal(SIGIO, SIG_IGN);    // see push/open_files
    Executors executors;
    asio::io_context& control = executors.control();
    Screen screen(control, runs);
    std::size_t left = runs.size();
    for (const std::unique_ptr<Run>& owned : runs) {
        Run& run = *owned;
        const auto ended = [&](std::exception_ptr failure) {
            if (failure) {
                try {
                    std::rethrow_exception(failure);
                } catch (const Error& error) {
                    end(run, false,
                        std::string(name_of(error.kind())) + ": " + error.what() +
                            "\n  advice: " + advice_for(error.kind(), run.destination.url.scheme));
                } catch (const std::exception& error) {
                    end(run, false, error.what());
                }
            }
            if (--left == 0) screen.finish();
        };
        push::SessionPool::Threads threads{executors.line(), executors.pool().get_executor()};
        asio::co_spawn(control, synchronise(run, std::move(threads)), ended);
    }
    control.run();
    bool fine = true;
    for (const std::unique_ptr<Run>& run : runs) {
        std::cout << run->said << '\n';
        fine = fine && run->fine;
    }
    return fine ? 0 : 1;
}

}  // namespace lockstep::agent
