#include "push_fixture.h"

#include "base/path.h"
#include "tests/wire/files_below.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/sysmacros.h>

namespace lockstep::wire_test {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> run(const transport::Endpoint& endpoint,
                          const transport::PushOptions& options, const transport::PushList& list,
                          const Beneath& source, std::optional<transport::Expected> expected,
                          Pushed& pushed)
{
    const std::unique_ptr<transport::PushSession> session =
        co_await transport::connect(endpoint, options, std::move(expected));
    pushed.peer = session->peer();
    FilesBelow files(source);
    pushed.outcome = co_await session->push(list, files, nullptr);
    pushed.expected = session->expected();
}

void add(const Beneath& source, const std::string& path, transport::PushList& list)
{
    struct stat status {};
    if (source.status(path, status) != 0) return;
    transport::Entry entry;
    entry.path = path.empty() ? "." : path;
    entry.mode = status.st_mode;
    entry.size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
    entry.mtime = status.st_mtim.tv_sec;
    entry.mtime_nsec = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    entry.rdev_major = major(status.st_rdev);
    entry.rdev_minor = minor(status.st_rdev);
    entry.dir_kind = transport::DirKind::content;
    if (entry.is_symlink()) {
        source.read_link(path, entry.target.edit());
        entry.size = entry.target->size();
    }
    if (status.st_nlink > 1 && !entry.is_directory()) {
        entry.link_dev = transport::link_device(status.st_dev);
        entry.link_inode = status.st_ino;
    }
    const bool directory = entry.is_directory();
    list.entries.push_back(std::move(entry));
    if (!directory) return;
    std::vector<DirEntry> names;
    source.list(path, names);
    for (const DirEntry& name : names) add(source, join(path, name.name), list);
}

}  // namespace

Pushed push(const transport::Endpoint& endpoint, const transport::PushOptions& options,
            const transport::PushList& list, const std::string& source,
            const std::optional<transport::Expected>& expected)
{
    asio::io_context context(1);
    const Beneath beneath(source, true);
    Pushed pushed;
    std::exception_ptr failure;
    const auto ended = [&failure](std::exception_ptr how) { failure = how; };
    asio::co_spawn(context, run(endpoint, options, list, beneath, expected, pushed), ended);
    context.run();
    if (failure) std::rethrow_exception(failure);
    return pushed;
}

std::string made(const std::string& path)
{
    testing::make_dirs(path);
    return path;
}

transport::Endpoint endpoint_of(const testing::RealDaemon& daemon,
                                std::chrono::milliseconds timeout)
{
    transport::Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = daemon.port();
    endpoint.module = "m";
    endpoint.user = "u";
    endpoint.password = "p";
    endpoint.timeout = timeout;
    return endpoint;
}

transport::PushList list_of(const std::string& source)
{
    transport::PushList list;
    const Beneath beneath(source, true);
    add(beneath, std::string(), list);
    return list;
}

}  // namespace lockstep::wire_test
