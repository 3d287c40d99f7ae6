#include "transport/args.h"

#include "base/error.h"
#include "bytes.h"
#include "transport/filter_rules.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace lockstep;
using namespace lockstep::transport;

namespace {

const Greeting modern{32, 0, {"sha512", "md5"}};
const Greeting without_digests{31, 0, {}};
const Greeting old{30, 0, {}};

PushOptions quiet()
{
    PushOptions options;
    options.timeout_s = 0;
    return options;
}

std::vector<std::string> args_for(const Greeting& daemon, const PushOptions& options,
                                  int protocol = 32, std::string_view path = "")
{
    protocol = std::min(protocol, daemon.protocol);
    return server_args(options, protocol, "auth", path, capability_from(daemon, protocol));
}

bool has(const std::vector<std::string>& args, std::string_view argument)
{
    return std::ranges::find(args, argument) != args.end();
}

std::string destination_of(std::string_view module, std::string_view path)
{
    return server_args(quiet(), 32, module, path, capability_from(modern, 32)).back();
}

ErrorKind kind_thrown(const Greeting& daemon, const PushOptions& options)
{
    try {
        args_for(daemon, options);
    } catch (const Error& error) {
        CHECK(error.remedy() == Remedy::needs_person);
        return error.kind();
    }
    FAIL("accepted");
    return ErrorKind::local;
}

}  // namespace

TEST_CASE("a push with deletions says what the protocol's dump says, and compares nanoseconds",
          "[transport][args]")
{
    PushOptions options = quiet();
    options.delete_missing = true;

    const std::vector<std::string> args = args_for(modern, options);

    CHECK(args == std::vector<std::string>{
                      "--server", "-logDtpRe.LsfxCIvu", "--force", "--delete-missing-args",
                      "--numeric-ids", "--no-implied-dirs", "--modify-window=-1", ".", "auth/"});
}

TEST_CASE("arguments end with NUL from protocol 30 on and with LF before", "[transport][args]")
{
    CHECK(render_args({"--server", "-l", "auth/"}, 30) ==
          std::string("--server\0-l\0auth/\0\0", 19));
    CHECK(render_args({"--server", "-l", "auth/"}, 29) == "--server\n-l\nauth/\n\n");
}

TEST_CASE("what might be taken for more than it says goes as secluded arguments",
          "[transport][args]")
{
    const std::vector<std::string> odd{"--server", "-le.C", "--suffix=\\\n", ".", "auth/"};
    CHECK(render_args(odd, 30) ==
          std::string("--server\0-sle.C\0\0rsync\0--suffix=\\\n\0.\0auth/\0\0", 44));
    CHECK(render_args(odd, 29) ==
          std::string("--server\n-sle.C\n\nrsync\0--suffix=\\\n\0.\0auth/\0\0", 44));
    // The destination has a way of its own.
    CHECK(render_args({"--server", "-l", ".", "auth/\\*/"}, 30) ==
          std::string("--server\0-l\0.\0auth/\\*/\0\0", 24));
}

TEST_CASE("each option has its letter", "[transport][args]")
{
    PushOptions none = quiet();
    none.links = none.perms = none.times = none.owner = none.group = false;
    none.devices = none.specials = none.numeric_ids = false;
    CHECK(args_for(modern, none)[1] == "-Re.LsfxCIvu");

    PushOptions all = quiet();
    all.hard_links = all.acls = all.xattrs = all.sparse = true;
    all.ignore_times = all.checksum = all.whole_file = true;
    CHECK(args_for(modern, all)[1] == "-logDtpRHAXSIcWe.LsfxCIvu");
    CHECK(args_for(modern, all, 29)[1] == "-logDtpRHSIcW");
    CHECK(has(args_for(modern, all), "--numeric-ids"));
    CHECK_FALSE(has(args_for(modern, none), "--numeric-ids"));
}

TEST_CASE("devices and specials are asked for apart", "[transport][args]")
{
    PushOptions options = quiet();
    options.specials = false;
    CHECK(args_for(modern, options)[1].find('D') != std::string::npos);
    CHECK(has(args_for(modern, options), "--no-specials"));
    options.devices = false;
    CHECK(args_for(modern, options)[1].find('D') == std::string::npos);
    CHECK_FALSE(has(args_for(modern, options), "--specials"));
    options.specials = true;
    CHECK(args_for(modern, options)[1].find('D') == std::string::npos);
    CHECK(has(args_for(modern, options), "--specials"));
}

TEST_CASE("incremental recursion is never offered", "[transport][args]")
{
    PushOptions options = quiet();
    options.delete_extras = true;
    const std::string bundle = args_for(modern, options)[1];

    CHECK(bundle.substr(0, bundle.find('e')).find('r') != std::string::npos);
    CHECK(bundle.substr(bundle.find('e')).find('i') == std::string::npos);
}

TEST_CASE("deleting what is not listed has its limit and its rules", "[transport][args]")
{
    PushOptions options = quiet();
    options.delete_extras = true;
    options.max_delete = 1000;

    CHECK(has(args_for(modern, options), "--delete"));
    CHECK(has(args_for(modern, options), "--max-delete=1000"));
    CHECK(wants_filter_rules(options, capability_from(modern, 32)));
}

TEST_CASE("deletions by name say --delete only when rules have to protect something",
          "[transport][args]")
{
    PushOptions options = quiet();
    options.delete_missing = true;
    options.max_delete = 1000;
    CHECK_FALSE(wants_filter_rules(options, capability_from(modern, 32)));
    CHECK_FALSE(has(args_for(modern, options), "--delete"));
    CHECK_FALSE(has(args_for(modern, options), "--max-delete=1000"));

    options.filter_rules = {"- *.o"};
    CHECK(wants_filter_rules(options, capability_from(modern, 32)));
    CHECK(has(args_for(modern, options), "--delete"));
    CHECK(args_for(modern, options)[1].find('r') != std::string::npos);

    options.delete_missing = false;
    CHECK_FALSE(wants_filter_rules(options, capability_from(modern, 32)));
}

TEST_CASE("a daemon is not told what it is too old for", "[transport][args]")
{
    PushOptions options = quiet();
    options.delete_missing = true;

    CHECK(has(args_for(without_digests, options), "--delete-missing-args"));
    CHECK(has(args_for(without_digests, options), "--modify-window=-1"));
    CHECK_FALSE(has(args_for(without_digests, options), "--delete"));
    CHECK_FALSE(has(args_for(old, options), "--delete-missing-args"));
    CHECK(has(args_for(old, options), "--delete"));
    CHECK(args_for(old, options)[1].find('r') != std::string::npos);
    CHECK_FALSE(has(args_for(old, options), "--modify-window=-1"));
    CHECK(has(args_for(old, options), "--no-implied-dirs"));
    // Asked to speak an old protocol, a modern daemon still knows its options, but gets no
    // nanoseconds.
    CHECK(has(args_for(modern, options, 29), "--delete-missing-args"));
    CHECK_FALSE(has(args_for(modern, options, 29), "--modify-window=-1"));
    CHECK_FALSE(has(args_for(modern, options, 29), "--no-implied-dirs"));
    CHECK(args_for(modern, options, 29)[1] == "-logDtpR");
}

TEST_CASE("a compressor is asked for in the words that the daemon knows", "[transport][args]")
{
    PushOptions options = quiet();
    const auto with = [&options](const Greeting& daemon, const std::string& name) {
        options.compress = name;
        return args_for(daemon, options);
    };
    CHECK(has(with(modern, "zstd"), "--compress-choice=zstd"));
    CHECK(has(with(modern, "zlib"), "--compress-choice=zlib"));
    CHECK(with(modern, "zlib")[1].find('z') == std::string::npos);
    CHECK(has(with(without_digests, "zlibx"), "--new-compress"));
    CHECK(has(with(without_digests, "zlib"), "--old-compress"));
    CHECK(with(without_digests, "zlib")[1].find('z') != std::string::npos);
    CHECK(with(old, "zlib")[1].find('z') != std::string::npos);
    CHECK_FALSE(has(with(old, "zlib"), "--old-compress"));

    // Names are exchanged for the one, and it is asked for in no words of its own.
    const std::vector<std::string> best = with(modern, "best");
    CHECK(std::any_of(best.begin(), best.end(), [](const std::string& arg) {
        return !arg.starts_with("--") && arg.find('z') < arg.find('e');
    }));
    CHECK(std::none_of(best.begin(), best.end(), [](const std::string& arg) {
        return arg.find("compress") != std::string::npos;
    }));
    options.compress = "zstd";
    CHECK(kind_thrown(without_digests, options) == ErrorKind::refused_option);
    options.compress = "zlibx";
    CHECK(kind_thrown(old, options) == ErrorKind::refused_option);
}

TEST_CASE("the compressor that replaces an unknown one is always accepted", "[transport][args]")
{
    for (const Greeting& daemon : {modern, without_digests, old}) {
        const Capability capability = capability_from(daemon, daemon.protocol);
        for (const char* const wanted : {"none", "zstd", "lz4", "zlibx", "zlib"}) {
            PushOptions options = quiet();
            options.compress = compressor_for(wanted, capability);
            CHECK_NOTHROW(args_for(daemon, options));
        }
    }
    CHECK(compressor_for("zstd", capability_from(modern, 32)) == "zstd");
    CHECK(compressor_for("zstd", capability_from(without_digests, 31)) == "zlibx");
    CHECK(compressor_for("lz4", capability_from(old, 30)) == "zlib");
    CHECK(compressor_for("best", capability_from(modern, 32)) == "best");
    CHECK(compressor_for("best", capability_from(without_digests, 31)) == "zlibx");
    CHECK(compressor_for("best", capability_from(old, 30)) == "zlib");
    CHECK(compressor_for("none", capability_from(old, 30)) == "none");
}

TEST_CASE("backups have a letter and their values", "[transport][args]")
{
    PushOptions options = quiet();
    options.backup_suffix = "~ old";
    CHECK(args_for(modern, options)[1] == "-logDtpRbe.LsfxCIvu");
    CHECK(has(args_for(modern, options), "--suffix=~ old"));
    options.backup_dir = "back\\up\n";
    CHECK(has(args_for(modern, options), "--backup-dir=back\\up\n"));
    options.backup_dir = std::string("a\0b", 3);
    CHECK(kind_thrown(modern, options) == ErrorKind::refused_option);
}

TEST_CASE("the daemon hears our time limit", "[transport][args]")
{
    PushOptions options;
    options.timeout_s = 45;
    CHECK(has(args_for(modern, options), "--timeout=45"));
}

TEST_CASE("the destination always ends with a slash", "[transport][args]")
{
    CHECK(destination_of("web", "") == "web/");
    CHECK(destination_of("web", "/") == "web/");
    CHECK(destination_of("web", ".") == "web/");
    CHECK(destination_of("web", "a/b") == "web/a/b/");
    CHECK(destination_of("web", "//a/b//") == "web/a/b/");
}

TEST_CASE("a path is taken literally by the daemon's glob", "[transport][args]")
{
    CHECK(destination_of("web", "we*rd/a?[b]\\c d") == "web/we\\*rd/a\\?\\[b]\\\\c d/./");
    CHECK(destination_of("web", "back\\slash") == "web/back\\slash/");
    CHECK(destination_of("web", "a web/b") == "web/a[ ]web/b/./");
    CHECK(destination_of("web", "a web web") == "web/a web[ ]web/./");
    CHECK(destination_of("web", "a web/c web") == "web/a[ ]web/c[ ]web/./");
    CHECK(destination_of("web", "a webs") == "web/a webs/");
    CHECK_THROWS_AS(destination_of("web", "a\nb"), Error);
    CHECK_THROWS_AS(destination_of("web", std::string_view("a\0b", 3)), Error);
}

TEST_CASE("rules are lengths and texts, ended by a zero length", "[transport][filter_rules]")
{
    Bytes out;
    put_filter_rules(out, {"- *.o", "", "+ /a b"}, 32);
    CHECK(test::hex(out) == test::hex(test::bytes("05 00*3 '- *.o' 06 00*3 '+ /a b' 00*4")));

    Bytes empty;
    put_filter_rules(empty, {}, 32);
    CHECK(test::hex(empty) == "00 00 00 00");
}

TEST_CASE("the way of a session is told, but no append before protocol 30", "[transport][args]")
{
    PushOptions options = quiet();
    options.way = Way::append;
    CHECK(has(args_for(modern, options), "--append"));
    CHECK(has(args_for(old, options), "--append"));
    CHECK_FALSE(has(args_for(modern, options, 29), "--append"));
    CHECK_FALSE(has(args_for(modern, options), "--inplace"));
    options.way = Way::in_place;
    CHECK(has(args_for(modern, options, 29), "--inplace"));
    CHECK_FALSE(has(args_for(modern, options), "--append"));
}
