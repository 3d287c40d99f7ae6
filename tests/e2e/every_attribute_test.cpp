// A tree with everything in it that a file can have, and then a change of each.
#include "tests/e2e/live_mirror.h"
#include "tests/support/biting_names.h"
#include "tests/support/child.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>

namespace lockstep::testing {

namespace {

constexpr uid_t nameless = 4'000'000'000;
constexpr std::size_t mebi = std::size_t{1} << 20;

void run_well(const std::vector<std::string>& command)
{
    const Output output = run({command});
    INFO(command[0] << ": " << output.err);
    REQUIRE(output.exit_code == 0);
}

void set_acl(const std::string& entry, const std::string& path)
{
    run_well({"setfacl", "-m", entry, path});
}

void set_default_acl(const std::string& entry, const std::string& path)
{
    run_well({"setfacl", "-d", "-m", entry, path});
}

// Of 32 bytes and fewer the value is in the list, of more a digest (PROTOCOL.md 21.1).
std::string value_of(std::size_t bytes, std::uint64_t seed)
{
    return random_bytes(bytes, seed);
}

void remove_xattr(const std::string& path, const char* name)
{
    REQUIRE(::lremovexattr(path.c_str(), name) == 0);
}

// cap_net_bind_service, as setcap writes it.
void set_capability(const std::string& path)
{
    run_well({"/usr/sbin/setcap", "cap_net_bind_service=ep", path});
}

void make_node(const std::string& path, mode_t type, unsigned int major_number,
               unsigned int minor_number)
{
    REQUIRE(::mknod(path.c_str(), type | 0640, makedev(major_number, minor_number)) == 0);
}

// `at` of a file of 3 MiB that is a hole elsewhere.
void write_in_hole(const std::string& path, std::size_t at, const std::string& bytes)
{
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    REQUIRE(file);
    REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
            static_cast<ssize_t>(bytes.size()));
}

void fill(const std::string& source)
{
    for (const std::string& name : biting_names()) write_file(source + "/odd/" + name, name);
    for (const char* name : {"file", "large", "plain"})
        write_file(source + "/d/" + name, random_bytes(10'000, 1));
    write_file(source + "/d/linked", "of three names");
    make_dirs(source + "/e/deep");
    make_hard_link(source + "/d/linked", source + "/e/linked");
    make_hard_link(source + "/d/linked", source + "/e/deep/linked");
    make_symlink("../d/file", source + "/e/link");
    make_hard_link(source + "/e/link", source + "/d/link");  // a symlink of two names
    make_fifo(source + "/e/fifo");
    make_hard_link(source + "/e/fifo", source + "/d/fifo");
    make_node(source + "/e/socket", S_IFSOCK, 0, 0);
    make_node(source + "/e/char", S_IFCHR, 300, 70'000);
    make_node(source + "/e/block", S_IFBLK, 8, 1);

    write_in_hole(source + "/e/sparse", 0, "at the start");
    write_in_hole(source + "/e/sparse", mebi, random_bytes(5000, 2));
    REQUIRE(::truncate((source + "/e/sparse").c_str(), 3 * mebi) == 0);

    set_owner(source + "/d/file", nameless, 54321);
    set_owner(source + "/e/link", 12345, nameless);
    set_owner(source + "/e/char", 1, nameless);
    set_mode(source + "/d/file", 06755);
    set_mode(source + "/d/plain", 0);
    set_mode(source + "/e", 03777);

    set_default_acl("u:1234:rwx,g:4321:r-x,m::rwx", source + "/e/deep");
    write_file(source + "/e/deep/inherits", "x");
    make_dirs(source + "/e/deep/inherits too");
    set_acl("u:1234:r--,g:4000000000:-wx", source + "/d/large");
    set_xattr(source + "/d/large", "user.small", "value");
    set_xattr(source + "/d/large", "user.large", value_of(3000, 3));
    set_xattr(source + "/d/large", "user.empty", "");
    set_xattr(source + "/d/large", "trusted.large", value_of(33, 4));
    set_xattr(source + "/d/plain", "user.large", value_of(3000, 3));  // the same set in part
    set_xattr(source + "/d/linked", "user.linked", value_of(100, 5));
    set_xattr(source + "/e", "trusted.dir", value_of(200, 6));
    set_xattr(source + "/e/link", "trusted.link", value_of(200, 7));
    set_xattr(source + "/e/char", "trusted.device", value_of(200, 8));
    set_xattr(source + "/e/fifo", "trusted.fifo", "f");
    set_capability(source + "/d/large");
    set_mtime(source + "/e/block", {-1000, 5});
    set_mtime(source + "/e/deep", {5'000'000'000, 999'999'999});
}

struct Change {
    std::string what;
    std::function<void(const std::string& source)> make;
};

std::vector<Change> changes()
{
    using Source = const std::string&;
    return {
        {"setuid goes", [](Source s) { set_mode(s + "/d/file", 0755); }},
        {"setuid comes", [](Source s) { set_mode(s + "/d/file", 04711); }},
        {"an owner, and with it setuid", [](Source s) { set_owner(s + "/d/file", 7, nameless); }},
        {"sticky goes", [](Source s) { set_mode(s + "/e", 02750); }},
        {"a file that nobody may read", [](Source s) { set_mode(s + "/d/linked", 0); }},
        {"an ACL is changed", [](Source s) { set_acl("u:1234:rwx", s + "/d/large"); }},
        {"an ACL comes", [](Source s) { set_acl("g:77:r", s + "/d/plain"); }},
        {"an ACL goes",
         [](Source s) {
             run_well({"setfacl", "-b", s + "/d/large"});
         }},
        {"a mask", [](Source s) { set_acl("m::---", s + "/d/plain"); }},
        {"a default ACL is changed", [](Source s) { set_default_acl("o::-", s + "/e/deep"); }},
        {"a default ACL comes", [](Source s) { set_default_acl("u:9:rwx", s + "/d"); }},
        {"what inherits it",
         [](Source s) {
             write_file(s + "/d/new", "x");
             write_file(s + "/d/new-dir/below", "x");
         }},
        {"a default ACL goes",
         [](Source s) {
             run_well({"setfacl", "-k", s + "/e/deep"});
         }},
        {"a large xattr, as long as before",
         [](Source s) { set_xattr(s + "/d/large", "user.large", value_of(3000, 13)); }},
        {"a small xattr becomes large",
         [](Source s) { set_xattr(s + "/d/large", "user.small", value_of(33, 14)); }},
        {"a large xattr becomes small",
         [](Source s) { set_xattr(s + "/d/plain", "user.large", value_of(32, 15)); }},
        {"an xattr goes", [](Source s) { remove_xattr(s + "/d/large", "user.empty"); }},
        {"all that were left of a file",
         [](Source s) { remove_xattr(s + "/d/plain", "user.large"); }},
        {"a trusted xattr",
         [](Source s) { set_xattr(s + "/d/large", "trusted.large", value_of(9000, 16)); }},
        {"capabilities go", [](Source s) { remove_xattr(s + "/d/large", "security.capability"); }},
        {"capabilities come", [](Source s) { set_capability(s + "/d/file"); }},
        {"content, and with it capabilities", [](Source s) { append_file(s + "/d/file", "more"); }},
        {"an xattr of a file of three names",
         [](Source s) { set_xattr(s + "/e/linked", "user.linked", value_of(100, 17)); }},
        {"an xattr of a directory",
         [](Source s) { set_xattr(s + "/e", "trusted.dir", value_of(200, 18)); }},
        {"an xattr of a link",
         [](Source s) { set_xattr(s + "/d/link", "trusted.link", value_of(200, 19)); }},
        {"an xattr of a device",
         [](Source s) { set_xattr(s + "/e/char", "trusted.device", value_of(200, 20)); }},
        {"the owner of a link", [](Source s) { set_owner(s + "/e/link", nameless, 3); }},
        {"the time of a link",
         [](Source s) {
             set_mtime(s + "/e/link", {1, 1});
         }},
        {"the mode of a device", [](Source s) { set_mode(s + "/e/block", 0600); }},
        {"the time of a device",
         [](Source s) {
             set_mtime(s + "/e/char", {-5, 7});
         }},
        {"another device",
         [](Source s) {
             remove_file(s + "/e/block");
             make_node(s + "/e/block", S_IFBLK, 8, 300);
         }},
        {"a device becomes a file, a FIFO a socket, a socket a directory",
         [](Source s) {
             for (const char* name : {"/e/char", "/e/fifo", "/e/socket"}) remove_file(s + name);
             write_file(s + "/e/char", "x");
             make_node(s + "/e/fifo", S_IFSOCK, 0, 0);
             make_dirs(s + "/e/socket", 0701);
         }},
        {"another name of a device",
         [](Source s) { make_hard_link(s + "/e/block", s + "/d/block"); }},
        {"a fourth name", [](Source s) { make_hard_link(s + "/d/linked", s + "/odd/linked"); }},
        {"one name less", [](Source s) { remove_file(s + "/e/linked"); }},
        {"a name that becomes a file of its own",
         [](Source s) { replace_file(s + "/e/deep/linked", "of three names"); }},
        {"the mode of the others", [](Source s) { set_mode(s + "/odd/linked", 0640); }},
        {"data in a hole",
         [](Source s) { write_in_hole(s + "/e/sparse", 2 * mebi, random_bytes(100, 21)); }},
        {"a longer hole at the end",
         [](Source s) { REQUIRE(::truncate((s + "/e/sparse").c_str(), 6 * mebi) == 0); }},
        {"a nanosecond of a file",
         [](Source s) {
             set_mtime(s + "/d/plain", {1'000, 1});
         }},
        {"another nanosecond of it",
         [](Source s) {
             set_mtime(s + "/d/plain", {1'000, 2});
         }},
        {"the time of a directory",
         [](Source s) {
             set_mtime(s + "/e/deep", {-1, 0});
         }},
        {"all of it elsewhere",
         [](Source s) {
             rename_path(s + "/d", s + "/moved");
             rename_path(s + "/e", s + "/moved/e");
         }},
    };
}

}  // namespace

TEST_CASE("a tree with every attribute is mirrored, and so is a change of each",
          "[e2e][every_attribute]")
{
    if (::geteuid() != 0) return;  // devices, owners and trusted xattrs are root's
    LiveMirror mirror({.before = fill});
    const auto differences = [&mirror] {
        Lines found = mirror.flushed_differences();
        for (const std::string& line : quick_differences(mirror.source(), mirror.dest()))
            found.push_back(line);
        return found;
    };
    REQUIRE(differences() == Lines{});
    CHECK(status_of(mirror.dest("e/sparse")).st_blocks * 512 < 100'000);

    for (const Change& change : changes()) {
        INFO(change.what);
        change.make(mirror.source());
        CHECK(differences() == Lines{});
    }
    // By its events, each of them.
    CHECK(mirror.full_compares() == 1);
    CHECK(status_of(mirror.dest("moved/e/sparse")).st_blocks * 512 < 100'000);
}

}  // namespace lockstep::testing
