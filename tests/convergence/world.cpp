#include "tests/convergence/world.h"

#include "tests/convergence/operation_maker.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace lockstep::testing {

namespace {

constexpr unsigned moves_weight = 10;
constexpr std::uint64_t disk_bytes = std::uint64_t{512} << 20;

std::string disk_of(const TempDir& dir, std::size_t number)
{
    return dir / ("disk" + std::to_string(number));
}

std::string module_name(std::size_t number)
{
    return "m" + std::to_string(number);
}

}  // namespace

Setting setting_of(std::uint64_t seed)
{
    std::mt19937_64 random(seed ^ 0x5e771968);
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    Setting setting;
    setting.destinations = one_in(3) ? 2 : 1;
    setting.excludes = one_in(3);
    setting.moves = one_in(3) ? moves_weight : 1;
    if (const char* asked = std::getenv("LOCKSTEP_CONVERGE_MOVES"))
        setting.moves = static_cast<unsigned>(std::max(1, std::atoi(asked)));
    std::string batch = "batch: { settle: " + std::string(one_in(2) ? "2ms" : "30ms");
    const bool small_batches = one_in(4);
    if (small_batches) batch += ", max_files: 3";
    batch += one_in(2) ? ", max_delay: 200ms }" : " }";
    setting.mapping_lines.push_back(batch);
    if (one_in(4)) setting.mapping_lines.emplace_back("queue: { max_pending: 40 }");
    if (one_in(6)) setting.mapping_lines.emplace_back("whole_file: true");
    // Together they would compare all the time, and in as many sessions as there are directories.
    if (one_in(6) && !small_batches) setting.mapping_lines.emplace_back("full_sync: { every: 2s }");
    return setting;
}

std::string describe(const Setting& setting)
{
    std::string text = std::to_string(setting.destinations) + " destination(s)";
    if (setting.excludes) text += ", excludes";
    if (setting.moves > 1) text += ", moves x " + std::to_string(setting.moves);
    for (const std::string& line : setting.mapping_lines) text += ", " + line;
    return text;
}

World::World(const Setting& setting)
    : setting_(setting),
      disks_(mount_disks(dir_, setting.destinations)),
      own_disks(!disks_.empty()),
      daemon(modules(), {.start = true}),
      lines(lines_to(daemon, setting.destinations)),
      agent(config(), {.start = false})
{
    make_dirs(source() + "/" + links_directory);
    make_dirs(dir_ / "outside");
    write_file(source() + "/" + anchor, "0");
}

World::~World() = default;

std::string World::disk(std::size_t number) const
{
    return disk_of(dir_, number);
}

std::string World::destination(std::size_t number) const
{
    return disk(number) + "/m";
}

std::vector<std::string> World::logs() const
{
    const Output trees =
        run({"/usr/bin/find", source(), disk(0), "-printf", "%i %n %m %u %s %T@ %p\n"});
    return {agent.log_text(), daemon.log_text(), trees.out};
}

std::vector<Mount> World::mount_disks(const TempDir& dir, std::size_t count)
{
    std::vector<Mount> disks;
    const bool may = may_mount();
    for (std::size_t i = 0; i < count; ++i) {
        make_dirs(disk_of(dir, i));
        if (may) disks.push_back(Mount::tmpfs(disk_of(dir, i), disk_bytes));
        make_dirs(disk_of(dir, i) + "/m");
    }
    return disks;
}

std::vector<std::unique_ptr<Proxy>> World::lines_to(const RealDaemon& daemon, std::size_t count)
{
    std::vector<std::unique_ptr<Proxy>> lines;
    for (std::size_t i = 0; i < count; ++i) lines.push_back(std::make_unique<Proxy>(daemon.port()));
    return lines;
}

// With chroot, which takes root, the daemon takes every symlink as it is.
std::vector<Module> World::modules() const
{
    std::vector<Module> all;
    for (std::size_t i = 0; i < setting_.destinations; ++i) {
        Module module{.name = module_name(i), .path = destination(i)};
        // Its log is half of what there is to look at after a failure.
        module.lines = {"transfer logging = yes", "log format = %i %n%L"};
        if (::geteuid() == 0) module.lines.emplace_back("use chroot = yes");
        all.push_back(std::move(module));
    }
    return all;
}

AgentConfig World::config() const
{
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < lines.size(); ++i)
        urls.push_back(daemon.url_at(lines[i]->port(), module_name(i)));
    std::vector<std::string> mapping_lines = setting_.mapping_lines;
    mapping_lines.emplace_back("max_delete: 1000000");
    if (setting_.excludes) mapping_lines.emplace_back(R"(exclude: ["*.tmp", "/hidden/"])");
    AgentConfig config = config_of("web", source(), urls, mapping_lines);
    for (AgentDestination& destination : config.mappings[0].destinations)
        destination.lines = {"retry: { initial: 50ms, max: 500ms }", "timeout: 5s"};
    config.log_lines = {"level: trace"};
    return config;
}

}  // namespace lockstep::testing
