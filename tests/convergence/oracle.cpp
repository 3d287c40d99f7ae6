#include "tests/convergence/oracle.h"

#include "tests/convergence/operation_maker.h"
#include "tests/support/tree_equal.h"

#include <fcntl.h>
#include <unistd.h>

#include <thread>

namespace lockstep::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string joined(const Lines& lines)
{
    std::string text;
    for (const std::string& line : lines) text += "  " + line + "\n";
    return text;
}

// rsync shows what is no plain character as \#ooo.
std::string unescaped(const std::string& shown)
{
    std::string bytes;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        if (shown.compare(i, 2, "\\#") == 0 && i + 5 <= shown.size()) {
            bytes += static_cast<char>(std::stoi(shown.substr(i + 2, 3), nullptr, 8));
            i += 4;
        } else {
            bytes += shown[i];
        }
    }
    return bytes;
}

// "<f.st...... a/b -> c", "*deleting   a/b/".
std::string path_of(const std::string& line)
{
    constexpr std::size_t flags_bytes = 12;
    if (line.size() <= flags_bytes) return {};
    std::string path = unescaped(line.substr(flags_bytes));
    if (line[1] == 'L') path.resize(path.find(" -> "));
    if (path.ends_with('/')) path.pop_back();
    return path == "." ? std::string() : path;
}

Lines differences(const World& world, std::size_t number)
{
    std::vector<std::string> args;
    Compare compare;
    if (world.setting().excludes) {
        args = {"--exclude=*.tmp", "--exclude=/hidden/"};
        // quick_differences knows no directory-only rule; rsync alone decides there.
        return tree_differences(world.source(), world.destination(number), args);
    }
    const Lines told = tree_differences(world.source(), world.destination(number), args);
    return told.empty() ? quick_differences(world.source(), world.destination(number), compare)
                        : told;
}

std::string read_small(const std::string& path)
{
    std::string text(64, '\0');
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : 0;
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

}  // namespace

std::optional<Failure> check_running(const World& world)
{
    if (world.agent.running()) return std::nullopt;
    return Failure{"crash", "the agent ended by itself"};
}

std::optional<Failure> check_in_step(World& world, milliseconds bound, milliseconds& took)
{
    const Clock::time_point begun = Clock::now();
    int code = -1;
    while (code != 0) {
        if (const auto crash = check_running(world)) return crash;
        const auto left = bound - std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
        if (left <= milliseconds(0)) break;
        code = world.agent.flush(left);
        if (code != 0) std::this_thread::sleep_for(milliseconds(50));
    }
    took = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
    if (code != 0)
        return Failure{"flush failed",
                       world.agent.last_output().out + world.agent.last_output().err};
    // Ends only because it would not have: nobody may rely on that.
    const std::string log = world.agent.log_text();
    if (const std::size_t at = log.find("only says that it is there"); at != std::string::npos)
        return Failure{"a push hung", log.substr(at, log.find('\n', at) - at)};
    for (std::size_t i = 0; i < world.lines.size(); ++i) {
        const Lines told = differences(world, i);
        if (told.empty()) continue;
        Failure failure{"divergence", "destination " + std::to_string(i) + ":\n" + joined(told)};
        for (const std::string& line : told)
            if (std::string path = path_of(line); !path.empty())
                failure.paths.push_back(std::move(path));
        // For whoever looks for the cause: was something not sent, or sent and not taken?
        world.agent.command({"resync", "web"});
        const Lines left = differences(world, i);
        failure.text += left.empty() ? "a resync mends it\n" : "a resync leaves:\n" + joined(left);
        return failure;
    }
    return std::nullopt;
}

std::optional<Failure> check_flush_amid(World& world, std::uint64_t token, bool& said_yes)
{
    said_yes = false;
    const std::string text = std::to_string(token);
    const std::string path = world.source() + "/" + anchor;
    {
        const Fd file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
        if (!file) return std::nullopt;  // the source is away
        if (::write(file.get(), text.data(), text.size()) < 0) return std::nullopt;
    }
    if (world.agent.flush(seconds(2)) != 0) return check_running(world);
    said_yes = true;
    for (std::size_t i = 0; i < world.lines.size(); ++i) {
        const std::string there = read_small(world.destination(i) + "/" + anchor);
        if (there != text)
            return Failure{"flush lied",
                           "amid faults: wrote " + text + ", flush said yes, destination " +
                               std::to_string(i) + " has '" + there + "'",
                           {anchor}};
    }
    return std::nullopt;
}

}  // namespace lockstep::testing
