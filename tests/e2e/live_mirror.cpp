#include "tests/e2e/live_mirror.h"

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <unistd.h>

namespace lockstep::testing {

std::vector<std::string> faithful()
{
    if (::geteuid() != 0) return {};
    return {"use chroot = yes"};
}

LiveMirror::LiveMirror(MirrorOptions options)
    : source_(prepared(dir_, options)),
      daemon({{.name = "m", .path = dir_ / "dst", .lines = faithful()}}),
      proxy(options.over_proxy ? std::make_unique<Proxy>(daemon.port()) : nullptr),
      agent(config(*this, options), AgentOptions{.uid = options.uid, .under = options.under})
{
}

std::string LiveMirror::prepared(const TempDir& dir, const MirrorOptions& options)
{
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    make_dirs(dir / "outside");
    if (options.before) options.before(dir / "src");
    return dir / "src";
}

AgentConfig LiveMirror::config(const LiveMirror& mirror, const MirrorOptions& options)
{
    const std::string url =
        mirror.proxy ? mirror.daemon.url_at(mirror.proxy->port(), "m") : mirror.daemon.url("m");
    AgentConfig config = config_of("web", mirror.source_, {url}, options.mapping_lines);
    config.mappings[0].destinations[0].lines = {"retry: { initial: 50ms, max: 500ms }"};
    return config;
}

std::string LiveMirror::source(std::string_view below) const
{
    return below.empty() ? source_ : source_ + "/" + std::string(below);
}

std::string LiveMirror::dest(std::string_view below) const
{
    return below.empty() ? dir_ / "dst" : dir_ / "dst/" + std::string(below);
}

std::string LiveMirror::outside(std::string_view below) const
{
    return dir_ / "outside/" + std::string(below);
}

Lines LiveMirror::flushed_differences()
{
    const int code = agent.flush();
    if (code != 0)
        return {"flush ended with " + std::to_string(code) + ": " + agent.last_output().out +
                agent.last_output().err};
    return differences();
}

std::uint64_t LiveMirror::watches() const
{
    const boost::json::object status = agent.status();
    return boost::json::value_to<std::uint64_t>(status.at("inotify").as_object().at("watches"));
}

std::uint64_t LiveMirror::sent(const std::string& counter) const
{
    const boost::json::object row = agent.destination("web");
    return boost::json::value_to<std::uint64_t>(row.at(counter));
}

std::size_t LiveMirror::full_compares() const
{
    constexpr std::string_view line = "mapping: live";
    const std::string log = agent.log_text();
    std::size_t count = 0;
    for (std::size_t at = log.find(line); at != std::string::npos; at = log.find(line, at + 1))
        ++count;
    return count;
}

}  // namespace lockstep::testing
