#include "agent/hooks.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/spawn.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <map>
#include <system_error>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t message_bytes_max = 4096;  // a peer had a hand in it

int checked(int result)
{
    if (result < 0) throw std::system_error(errno, std::generic_category());
    return result;
}

// In memory, not a pipe: who does not read it neither blocks us nor sends us a SIGPIPE.
Fd readable(std::string_view text)
{
    Fd file = above_standard(Fd(checked(::memfd_create("lockstep-hook", MFD_CLOEXEC))));
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw std::system_error(errno, std::generic_category());
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(file.get(), 0, SEEK_SET) < 0)
        throw std::system_error(errno, std::generic_category());
    return file;
}

struct Pipe {
    Fd read;
    Fd write;
};

Pipe make_pipe()
{
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC));
    Fd read(ends[0]);
    Fd write(ends[1]);
    Pipe pipe{above_standard(std::move(read)), above_standard(std::move(write))};
    checked(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK));
    return pipe;
}

std::string described_end(int status)
{
    if (WIFEXITED(status)) return "ended with " + std::to_string(WEXITSTATUS(status));
    return "was ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

struct Hook::State : std::enable_shared_from_this<State> {
    struct Child {
        Child(const asio::any_io_executor& executor) : exit(executor), output(executor) {}

        Spawned process;
        std::string destination;
        asio::posix::stream_descriptor exit;
        asio::posix::stream_descriptor output;
        std::array<char, 4096> buffer{};
        std::string kept;
        std::string ended_for;  // why it was told to end
    };

    State(asio::any_io_executor executor_, std::string name_, std::vector<std::string> argv_,
          std::string mapping_, HookLimits limits_)
        : executor(std::move(executor_)),
          name(std::move(name_)),
          argv(std::move(argv_)),
          mapping(std::move(mapping_)),
          limits(limits_),
          pause(executor),
          limit(executor)
    {
    }

    void add(Occasion occasion)
    {
        Occasion& known = open[occasion.destination];
        occasion.paths.merge(known.paths);
        occasion.paths_left_out |= known.paths_left_out;
        std::size_t bytes = 0;
        for (auto path = occasion.paths.begin(); path != occasion.paths.end();) {
            bytes += path->size() + 1;
            if (bytes <= limits.path_bytes) {
                ++path;
                continue;
            }
            path = occasion.paths.erase(path, occasion.paths.end());
            occasion.paths_left_out = true;
        }
        known = std::move(occasion);
    }

    void next()
    {
        if (stopping || child || pausing || open.empty()) return;
        const Clock::time_point now = Clock::now();
        if (started && now < *started + limits.between) {
            pausing = true;
            pause.expires_at(*started + limits.between);
            pause.async_wait([self = shared_from_this()](const boost::system::error_code&) {
                self->pausing = false;
                self->next();
            });
            return;
        }
        // In turn: one that has something all the time does not keep the others from theirs.
        auto turn = open.upper_bound(last_destination);
        if (turn == open.end()) turn = open.begin();
        const Occasion occasion = std::move(turn->second);
        open.erase(turn);
        last_destination = occasion.destination;
        started = now;
        try {
            start(occasion);
        } catch (const std::exception& error) {
            child.reset();
            tell("cannot be started: " + std::string(error.what()), occasion.destination, {});
            next();
        }
    }

    std::string input(const Occasion& occasion) const
    {
        boost::json::array paths;
        for (const std::string& path : occasion.paths) paths.emplace_back(escaped(path));
        boost::json::object object;
        object["hook"] = name;
        object["mapping"] = mapping;
        object["destination"] = occasion.destination;
        object["state"] = occasion.state;
        object["paths"] = std::move(paths);
        object["paths_left_out"] = occasion.paths_left_out;
        if (!occasion.error_kind.empty())
            object["error"] = {{"kind", occasion.error_kind}, {"message", occasion.error}};
        return boost::json::serialize(object) + "\n";
    }

    std::vector<std::string> environment(const Occasion& occasion) const
    {
        std::vector<std::string> all{
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LOCKSTEP_HOOK=" + name,
            "LOCKSTEP_MAPPING=" + mapping,
            "LOCKSTEP_DESTINATION=" + occasion.destination,
            "LOCKSTEP_STATE=" + occasion.state,
        };
        if (occasion.error_kind.empty()) return all;
        all.push_back("LOCKSTEP_ERROR_KIND=" + occasion.error_kind);
        all.push_back("LOCKSTEP_ERROR=" + occasion.error.substr(0, message_bytes_max));
        return all;
    }

    void start(const Occasion& occasion)
    {
        const Fd in = readable(input(occasion));
        Pipe out = make_pipe();
        Spawn program;
        program.argv = argv;
        program.environment = environment(occasion);
        program.directory = "/";
        program.input = in.get();
        program.output = out.write.get();
        program.errors = out.write.get();
        const auto begun = std::make_shared<Child>(executor);
        begun->destination = occasion.destination;
        begun->output.assign(out.read.get());
        (void)out.read.release();
        begun->process = spawn(program);
        begun->exit.assign(begun->process.ended.get());
        (void)begun->process.ended.release();
        child = begun;
        log::debug("hook", name + " started",
                   {{"mapping", mapping},
                    {"destination", begun->destination},
                    {"pid", std::to_string(begun->process.id())}});
        read_output(begun);
        await_end(begun);
        arm(limits.run, SIGTERM, "ran longer than " + std::to_string(limits.run.count()) + " ms");
    }

    void await_end(const std::shared_ptr<Child>& of)
    {
        of->exit.async_wait(asio::posix::descriptor_base::wait_read,
                            [self = shared_from_this(), of](const auto& error) {
                                if (error) return;
                                if (of->process.has_ended())
                                    self->ended(of);
                                else
                                    self->await_end(of);
                            });
    }

    void keep(Child& from, std::size_t bytes) const
    {
        const std::size_t room = limits.output_bytes - from.kept.size();
        from.kept.append(from.buffer.data(), std::min(bytes, room));
    }

    void read_output(const std::shared_ptr<Child>& from)
    {
        from->output.async_read_some(
            asio::buffer(from->buffer),
            [self = shared_from_this(), from](const auto& error, std::size_t bytes) {
                if (error || self->child != from) return;
                self->keep(*from, bytes);
                self->read_output(from);
            });
    }

    void arm(std::chrono::milliseconds after, int signal, std::string why)
    {
        limit.expires_after(after);
        limit.async_wait([self = shared_from_this(), of = child, signal,
                          why = std::move(why)](const boost::system::error_code& error) {
            if (error || self->child != of) return;
            self->end(signal, why, self->limits.grace);
        });
    }

    void end(int signal, const std::string& why, std::chrono::milliseconds grace)
    {
        if (child->ended_for.empty()) child->ended_for = why;
        child->process.signal(signal);
        if (signal != SIGKILL) arm(grace, SIGKILL, why);
    }

    void ended(const std::shared_ptr<Child>& which)
    {
        limit.cancel();
        // What was written last may not have been read yet. Somebody it left behind may write on:
        // only what is kept is read.
        while (which->kept.size() < limits.output_bytes) {
            const ssize_t got =
                ::read(which->output.native_handle(), which->buffer.data(), which->buffer.size());
            if (got <= 0) break;
            keep(*which, static_cast<std::size_t>(got));
        }
        if (!which->ended_for.empty()) which->process.signal(SIGKILL);
        const int status = which->process.reap().value_or(0);  // it has ended
        which->output.close();
        which->exit.close();
        child.reset();

        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && which->ended_for.empty()) {
            last_complaint.clear();
            log::write(which->kept.empty() ? log::Level::debug : log::Level::info, "hook",
                       name + " ended",
                       {{"mapping", mapping},
                        {"destination", which->destination},
                        {"output", escaped(which->kept)}});
        } else {
            std::string text = described_end(status);
            if (!which->ended_for.empty()) text = which->ended_for + " and " + text;
            tell(text, which->destination, which->kept);
        }
        next();
    }

    // Again and again the same is not news.
    void tell(const std::string& complaint, const std::string& destination,
              const std::string& output)
    {
        log::write(
            complaint == last_complaint ? log::Level::debug : log::Level::warn, "hook",
            name + " (" + argv.front() + ") " + complaint,
            {{"mapping", mapping}, {"destination", destination}, {"output", escaped(output)}});
        last_complaint = complaint;
    }

    asio::any_io_executor executor;
    std::string name;
    std::vector<std::string> argv;
    std::string mapping;
    HookLimits limits;
    asio::steady_timer pause;
    asio::steady_timer limit;
    std::map<std::string, Occasion> open;  // by destination
    std::string last_destination;
    std::shared_ptr<Child> child;
    std::optional<Clock::time_point> started;
    std::string last_complaint;
    bool pausing = false;
    bool stopping = false;
};

Hook::Hook(asio::any_io_executor executor, std::string name, std::vector<std::string> argv,
           std::string mapping, HookLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(name), std::move(argv),
                                     std::move(mapping), limits))
{
}

Hook::~Hook()
{
    stop();
}

bool Hook::wanted() const
{
    return !state_->argv.empty() && !state_->stopping;
}

void Hook::occurred(Occasion occasion)
{
    if (!wanted()) return;
    state_->add(std::move(occasion));
    state_->next();
}

void Hook::stop()
{
    if (state_->stopping) return;
    state_->stopping = true;
    state_->pause.cancel();
    if (state_->child) state_->end(SIGTERM, "the agent stops", state_->limits.at_stop);
}

std::string why_not_a_program(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::generic_category().message(errno);
    if (!S_ISREG(status.st_mode)) return "not a file";
    if (::access(path.c_str(), X_OK) != 0) return std::generic_category().message(errno);
    return {};
}

}  // namespace lockstep::agent
