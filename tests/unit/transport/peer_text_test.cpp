#include "transport/peer_text.h"

#include <catch2/catch.hpp>

#include <set>

using namespace lockstep;
using namespace lockstep::transport;

namespace {

PeerComplaint in(std::string_view destination, std::string_view text)
{
    return understand(text, "mod", destination);
}

bool about(const PeerComplaint& complaint, std::string_view path, ErrorKind kind)
{
    INFO(complaint.path.value_or("(no path)") << ", " << name_of(complaint.kind));
    CHECK(complaint.is_failure);
    CHECK(complaint.path == path);
    CHECK(complaint.kind == kind);
    return complaint.is_failure && complaint.path == path && complaint.kind == kind;
}

}  // namespace

// The texts of this file without a remark were taken off the wire from rsync 3.5.0 daemons, whose
// module lay in a directory that its user could not write, on a full or read-only file system, or
// one without ACLs and xattrs.

TEST_CASE("a failing call names its path below the module", "[transport][peer_text]")
{
    CHECK(about(
        in("", "rsync: [generator] mknod \"rodir/fifo\" (in mod) failed: Permission denied (13)\n"),
        "rodir/fifo", ErrorKind::permission));
    CHECK(about(in("",
                   "rsync: [generator] symlink \"rodir/l\" (in mod) -> \"t\" failed: Permission "
                   "denied (13)\n"),
                "rodir/l", ErrorKind::permission));
    CHECK(about(in("sub",
                   "rsync: [generator] failed to set times on \"/sub/rodir\" (in mod): Operation "
                   "not permitted (1)\n"),
                "rodir", ErrorKind::permission));
    CHECK(about(in("",
                   "rsync: [receiver] write failed on \"d/big\" (in mod): No space left on device "
                   "(28)\n"),
                "d/big", ErrorKind::no_space));
    CHECK(about(in("/sub/",
                   "rsync: [receiver] write failed on \"/sub/d/big\" (in mod): No space left on "
                   "device (28)\n"),
                "d/big", ErrorKind::no_space));
    CHECK(about(
        in("",
           "rsync: [generator] recv_generator: failed to stat \"fileindir/a\" (in mod): Not a "
           "directory (20)\n"),
        "fileindir/a", ErrorKind::protocol));
    CHECK(about(in("", "rsync: [receiver] open \"own2\" (in mod) failed: Permission denied (13)\n"),
                "own2", ErrorKind::permission));
    CHECK(
        about(in("",
                 "rsync: [receiver] rsync_xal_set: fsetxattr(\"f\" (in mod),\"user.big\") failed: "
                 "Operation not supported (95)\n"),
              "f", ErrorKind::permission));
    CHECK(about(
        in("",
           "rsync: [generator] set_acl: xacl_set(d, ACL_TYPE_ACCESS): Operation not supported "
           "(95)\n"),
        "d", ErrorKind::permission));
}

TEST_CASE("the destination itself is a point", "[transport][peer_text]")
{
    const std::string_view failed = " (in mod): Operation not permitted (1)\n";
    for (const auto& [destination, shown] :
         {std::pair{"", "."}, std::pair{"", "/."}, std::pair{"sub", "/sub/."},
          std::pair{"sub", "/sub"}}) {
        INFO(destination << " " << shown);
        const std::string text = "rsync: [generator] failed to set permissions on \"" +
                                 std::string(shown) + "\"" + std::string(failed);
        CHECK(about(in(destination, text), ".", ErrorKind::permission));
    }
}

TEST_CASE("a temp name stands for the file it was to become", "[transport][peer_text]")
{
    const PeerComplaint plain =
        in("sub",
           "rsync: [receiver] mkstemp \"/sub/rodir/.plain.z9UCN2\" (in mod) "
           "failed: Permission denied (13)\n");
    CHECK(about(plain, "rodir/plain", ErrorKind::permission));
    CHECK(plain.others == std::vector<std::string>{"rodir/.plain"});

    CHECK(about(
        in("",
           "rsync: [receiver] mkstemp \".small.wseFPu\" (in mod) failed: No space left on device "
           "(28)\n"),
        "small", ErrorKind::no_space));
    // What is no file gets the process id instead.
    const PeerComplaint link = in("sub",
                                  "rsync: [generator] symlink \"/sub/rodir/.sl.18507\" (in mod) -> "
                                  "\"new\" failed: Permission denied (13)\n");
    CHECK(about(link, "rodir/.sl.18507", ErrorKind::permission));
    CHECK(link.others == std::vector<std::string>{"rodir/sl", "rodir/.sl"});
    const PeerComplaint acl = in("",
                                 "rsync: [receiver] set_acl: xacl_set(.f.LeK8kc, ACL_TYPE_ACCESS): "
                                 "Operation not supported (95)\n");
    CHECK(about(acl, ".f.LeK8kc", ErrorKind::permission));
    CHECK(acl.others == std::vector<std::string>{"f", ".f"});
}

TEST_CASE("a name cut to nothing by its temp name is not guessed", "[transport][peer_text]")
{
    // The daemon cuts a long name at a character's border; of 125 times 'é' nothing was left.
    const PeerComplaint cut =
        in("",
           "rsync: [receiver] mkstemp \"rodir/.5W6915\" (in mod) failed: Permission denied (13)\n");
    CHECK(cut.is_failure);
    CHECK(cut.path == std::nullopt);
    CHECK(cut.others.empty());
}

TEST_CASE("a failing rename is about its target", "[transport][peer_text]")
{
    CHECK(about(in("",
                   "rsync: [receiver] rename \".imm.utFthb\" (in mod) -> \"imm\": Operation not "
                   "permitted (1)\n"),
                "imm", ErrorKind::permission));
    CHECK(about(in("",
                   "rsync: [receiver] rename \"ap/.f.5C9UJI\" (in mod) -> \"ap/f\": Operation not "
                   "permitted (1)\n"),
                "ap/f", ErrorKind::permission));
    CHECK(about(in("sub",
                   "rsync: [generator] rename \"/sub/rodir/.ff.18515\" (in mod) -> "
                   "\"\"/sub/rodir/ff\" (in mod)\" failed: Operation not permitted (1)\n"),
                "rodir/ff", ErrorKind::permission));
    CHECK(
        about(in("",
                 "rsync: [generator] rename \".sl.14860\" (in mod) -> \"\"sl\" (in mod)\" failed: "
                 "Operation not permitted (1)\n"),
              "sl", ErrorKind::permission));
}

TEST_CASE("names come as bytes and are taken as bytes", "[transport][peer_text]")
{
    CHECK(
        about(in("",
                 "rsync: [receiver] mkstemp \"rodir/.w\x01\xff \\#101\"q.EFihHt\" (in mod) failed: "
                 "Permission denied (13)\n"),
              "rodir/w\x01\xff \\#101\"q", ErrorKind::permission));
    CHECK(about(in("sub",
                   "rsync: [receiver] mkstemp \"/sub/rodir/.new\nline.l7AS6C\" (in mod) failed: "
                   "Permission denied (13)\n"),
                "rodir/new\nline", ErrorKind::permission));
    CHECK(about(
        in("",
           "rsync: [receiver] mkstemp \"rodir/.q\" (in mod) failed: x.M6fZtN\" (in mod) failed: "
           "Permission denied (13)\n"),
        "rodir/q\" (in mod) failed: x", ErrorKind::permission));
}

TEST_CASE("a directory that could not be made takes what is below it along",
          "[transport][peer_text]")
{
    for (const char* const text :
         {"rsync: [generator] recv_generator: mkdir \"rodir/newdir\" (in mod) failed: Permission "
          "denied "
          "(13)\n",
          "could not make way for new directory: rodir/newdir\n",
          "ERROR: daemon refused to receive directory \"rodir/newdir\"\n"}) {
        INFO(text);
        const PeerComplaint complaint = in("", text);
        CHECK(about(complaint, "rodir/newdir", ErrorKind::permission));
        CHECK(complaint.whole_tree);
    }
    CHECK_FALSE(in("", "could not make way for new symlink: way/full1\n").whole_tree);
}

TEST_CASE("a deletion that failed is a failure in whatever tone it is told",
          "[transport][peer_text]")
{
    CHECK(about(in("x",
                   "rsync: [generator] delete_file: unlink(deldir/gone) failed: Permission denied "
                   "(13)\n"),
                "deldir/gone", ErrorKind::permission));
    CHECK(about(
        in("",
           "rsync: [generator] delete_file: unlink(a) failed: b) failed: Permission denied (13)\n"),
        "a) failed: b", ErrorKind::permission));
    const PeerComplaint full = in("", "cannot delete non-empty directory: deldir/x\n");
    CHECK(about(full, "deldir/x", ErrorKind::permission));
    CHECK(full.not_empty);
    CHECK(about(in("", "skipping non-regular file \"fx\"\n"), "fx", ErrorKind::refused_option));
    CHECK(about(in("", "could not make way for new regular file: way/full1\n"), "way/full1",
                ErrorKind::permission));
}

TEST_CASE("what the daemon's own rules exclude is a failure", "[transport][peer_text]")
{
    CHECK(about(in("", "ERROR: daemon refused to receive file \"a.tmp\"\n"), "a.tmp",
                ErrorKind::permission));
    // 3.0.9 to 3.2.7, from reading.
    CHECK(
        about(in("", "skipping daemon-excluded file \"a.tmp\"\n"), "a.tmp", ErrorKind::permission));
}

TEST_CASE("a digest that did not fit is a failure only the second time", "[transport][peer_text]")
{
    // From reading: a link that damages data twice is hard to come by.
    CHECK(about(in("", "ERROR: a/b failed verification -- update discarded.\n"), "a/b",
                ErrorKind::protocol));
    CHECK_FALSE(in("", "WARNING: a/b failed verification -- update discarded (will try again).\n")
                    .is_failure);
}

TEST_CASE("older daemons say the same without naming the process", "[transport][peer_text]")
{
    // 3.0.9 and 3.1.3, from reading.
    CHECK(about(
        in("sub", "rsync: mkstemp \"/sub/.a.AbCdEf\" (in mod) failed: Permission denied (13)\n"),
        "a", ErrorKind::permission));
    CHECK(about(
        in("", "rsync: recv_generator: mkdir \"/d\" (in mod) failed: Permission denied (13)\n"),
        "d", ErrorKind::permission));
    CHECK(about(in("", "rsync: delete_file: unlink(x) failed: Permission denied (13)\n"), "x",
                ErrorKind::permission));
    CHECK(about(in("",
                   "rsync: set_acl: sys_acl_set_file(d, ACL_TYPE_ACCESS): Operation not supported "
                   "(95)\n"),
                "d", ErrorKind::permission));
}

TEST_CASE("what tells nothing new is no failure", "[transport][peer_text]")
{
    for (const char* const text : {"*** Skipping any contents from this failed directory ***\n",
                                   "WARNING: parent dir is absent in the file list: deldir\n",
                                   "file has vanished: \"a\" (in mod)\n", "\n", ""}) {
        INFO(text);
        CHECK(in("", text) == PeerComplaint{});
    }
}

TEST_CASE("a sentence that nobody knows counts as a failure without a path",
          "[transport][peer_text]")
{
    const PeerComplaint complaint = in("", "the moon is made of \"cheese\"\n");
    CHECK(complaint.is_failure);
    CHECK(complaint.path == std::nullopt);
    CHECK_FALSE(in("", std::string(100'000, '"')).path);
    CHECK_FALSE(
        in("sub", "rsync: [generator] opendir \"/subway/a\" (in mod) failed: x (2)\n").path);
}

TEST_CASE("a complaint is laid at the door of what the list holds", "[transport][peer_text]")
{
    const std::set<std::string> deleted = {"gone"};
    const std::set<std::string> listed = {"gone", "d", "d/x", "d/.x", ".", "d/gone"};
    const Listed list{[&](const std::string& path) { return listed.contains(path); },
                      [&](const std::string& path) { return deleted.contains(path); }};
    const auto blamed_by = [&](std::string_view text) { return blamed(in("", text), list); };
    using Paths = std::vector<std::string>;

    CHECK(blamed_by("rsync: mkstemp \"d/.x.AbCdEf\" (in mod) failed: Permission denied (13)") ==
          Paths{"d/x", "d/.x"});
    CHECK(blamed_by("rsync: delete_file: unlink(gone/a/b) failed: Permission denied (13)") ==
          Paths{"gone"});
    CHECK(blamed_by("rsync: delete_file: unlink(gone) failed: Permission denied (13)") ==
          Paths{"gone"});
    CHECK(blamed_by("rsync: delete_file: unlink(d/y) failed: Permission denied (13)").empty());
    CHECK(blamed_by("what?").empty());
}

TEST_CASE("the limit of deletions is told apart", "[transport][peer_text]")
{
    const PeerComplaint complaint =
        in("", "Deletions stopped due to --max-delete limit (1 skipped)\n");
    CHECK(complaint.max_delete);
    CHECK_FALSE(complaint.is_failure);
}

TEST_CASE("a refusal says who has to do something about it", "[transport][peer_text]")
{
    struct Row {
        const char* line;
        ErrorKind kind;
        Remedy remedy;
    };
    const std::vector<Row> rows = {
        {"@ERROR: Unknown module 'nosuch'", ErrorKind::no_module, Remedy::needs_person},
        {"@ERROR: auth failed on module auth", ErrorKind::auth, Remedy::needs_person},
        {"@ERROR: access denied to mod from localhost (127.0.0.1)", ErrorKind::auth,
         Remedy::needs_person},
        {"@ERROR: max connections (-1) reached -- try again later", ErrorKind::busy, Remedy::retry},
        {"@ERROR: fork failed", ErrorKind::busy, Remedy::retry},
        {"@ERROR: chdir failed", ErrorKind::no_module, Remedy::needs_person},
        {"@ERROR: invalid uid nosuchuser", ErrorKind::no_module, Remedy::needs_person},
        {"ERROR: module is read only\n", ErrorKind::read_only, Remedy::needs_person},
        {"rsync: The server is configured to refuse --hard-links (-H)\n", ErrorKind::refused_option,
         Remedy::needs_person},
        {"rsync: on remote machine: --nonsense: unknown option\n", ErrorKind::refused_option,
         Remedy::needs_person},
        {"pre-xfer exec returned failure (768):\n", ErrorKind::permission, Remedy::needs_person},
        {"ERROR: daemon has excluded destination \"secret/\"\n", ErrorKind::permission,
         Remedy::needs_person},
        {"rsync: [Receiver] mkdir \"a/b/c/d\" (in mod) failed: No such file or directory (2)\n",
         ErrorKind::no_module, Remedy::needs_person},
        {"rsync: [Receiver] mkdir \"newd\" (in full) failed: Read-only file system (30)\n",
         ErrorKind::permission, Remedy::needs_person},
        {"rsync: [Receiver] change_dir#1 \"sub/\" (in mod) failed: Permission denied (13)\n",
         ErrorKind::permission, Remedy::needs_person},
        {"rsync: [receiver] write failed on \"d/big\" (in full): No space left on device (28)\n",
         ErrorKind::no_space, Remedy::retry},
        {"rsync error: error in file IO (code 11) at io.c(1892) [generator=3.5.0]\n",
         ErrorKind::protocol, Remedy::retry},
    };
    for (const Row& row : rows) {
        INFO(row.line);
        const Error error = refusal(row.line, "mod", "joe");
        CHECK(error.kind() == row.kind);
        CHECK(error.remedy() == row.remedy);
    }
}

TEST_CASE("a refusal repeats the daemon's words, escaped and not endless", "[transport][peer_text]")
{
    const std::string what = refusal("@ERROR: auth failed on\x1b[2J module", "mod", "joe").what();
    CHECK(what.find("auth failed on\\x1b[2J module") != std::string::npos);
    CHECK(what.find("joe") == std::string::npos);  // "auth failed on module" it is not
    CHECK(
        std::string(refusal("@ERROR: auth failed on module m", "m", "joe").what()).find("'joe'") !=
        std::string::npos);
    CHECK(std::string(refusal(std::string(1'000'000, 'x'), "m", "").what()).size() < 2000);
}
