#include "base/error.h"
#include "bytes.h"
#include "delta/strong_sum.h"
#include "flist_reader.h"

#include <catch2/catch.hpp>

#include <random>

using namespace lockstep;
using namespace lockstep::transport;
using test::read_flist;
using test::ReadList;

namespace {

// A list that shares names, modes, times and owners now and then, as trees do.
class RandomList {
public:
    RandomList(std::uint32_t seed, int protocol) : random_(seed), protocol_(protocol) {}

    std::vector<Entry> make(std::size_t count)
    {
        std::vector<Entry> list;
        for (std::size_t i = 0; i < count; ++i) list.push_back(entry(list, i));
        return list;
    }

private:
    std::uint32_t below(std::uint32_t bound)
    {
        return static_cast<std::uint32_t>(random_() % bound);
    }
    template <typename T>
    T one_of(std::initializer_list<T> values)
    {
        return *(values.begin() + below(static_cast<std::uint32_t>(values.size())));
    }

    Entry entry(const std::vector<Entry>& before, std::size_t number)
    {
        Entry made;
        const std::string directory = one_of<std::string>({"", "a/", "a/b/", "long"});
        const std::string tail(one_of<std::uint32_t>({0, 0, 3, 200, 254, 255, 256, 300}), 'x');
        made.path = directory + tail + std::to_string(number);
        made.mode = one_of<std::uint32_t>(
            {0100644, 0100600, 040755, 0120777, 010644, 0140755, 020600, 060600, 0});
        made.size = one_of<std::uint64_t>(
            {0, 255, 70'000, 0x7fff'ffff, 0x8000'0000, std::uint64_t{1} << 40});
        const bool wide = protocol_ >= 30;
        made.mtime = wide ? one_of<std::int64_t>({0, 1'700'000'000, -1, std::int64_t{1} << 33})
                          : one_of<std::int64_t>({0, 1'700'000'000, 4'000'000'000});
        if (protocol_ >= 31) made.mtime_nsec = one_of<std::uint32_t>({0, 1, 999'999'999});
        made.uid = one_of<std::uint32_t>({0, 0, 33, 1000, 4'000'000'000});
        made.gid = one_of<std::uint32_t>({0, 0, 33, 1000, 4'000'000'000});
        if (made.is_device()) {
            made.rdev_major = one_of<std::uint32_t>({1, 8, 259});
            made.rdev_minor = one_of<std::uint32_t>({0, 5, 255, 256, 70'000});
        }
        if (made.is_symlink()) made.target = one_of<std::string>({"t", "../" + tail + "y"});
        if (made.is_directory())
            made.dir_kind = one_of({DirKind::plain, DirKind::content, DirKind::implied});
        if (!made.is_directory() && !made.is_delete() && below(3) == 0) link(before, made);
        made.acl.edit().mask = one_of<std::optional<std::uint8_t>>({std::nullopt, std::uint8_t{5}});
        if (below(3) == 0) made.acl.edit().named = {{1000 + below(3), 6, true}, {50, 4, false}};
        if (made.is_directory() && below(2) == 0) made.default_acl.edit().user_obj = 7;
        if (below(2) == 0) made.xattrs.edit().push_back({"user.a", std::string(below(3), 'v')});
        if (below(4) == 0) made.xattrs.edit().push_back({"user.b", "w"});
        return made;
    }

    // A member of a group has the attributes of the others, being the same inode.
    void link(const std::vector<Entry>& before, Entry& made)
    {
        const std::uint64_t inode = 1 + below(5);
        for (const Entry& other : before) {
            if (other.link_inode != inode) continue;
            const std::string path = made.path;
            made = other;
            made.path = path;
            return;
        }
        made.link_dev = one_of<std::uint64_t>({0, 7, 0x1'0000'0001});
        made.link_inode = inode;
    }

    std::mt19937 random_;
    int protocol_;
};

// What a receiver can know of what was sent.
Entry as_received(const Entry& sent, const FlistForm& form, const std::vector<Entry>& list)
{
    Entry entry = sent;
    const int p = form.protocol;
    if (entry.is_symlink()) entry.size = entry.target->size();
    if (entry.is_device() || entry.is_special() || entry.is_delete()) entry.size = 0;
    if (!form.owner) entry.uid = 0;
    if (!form.group) entry.gid = 0;
    if (p < 30 && entry.dir_kind == DirKind::implied) entry.dir_kind = DirKind::plain;
    if (!entry.is_directory()) entry.dir_kind = DirKind::plain;
    if (!form.acls || p < 30 || entry.is_symlink()) entry.acl = Acl();
    if (!form.acls || p < 30) entry.default_acl = Acl();
    if (!form.xattrs || p < 30) entry.xattrs.edit().clear();

    const bool linked = form.hard_links && (sent.link_dev != 0 || sent.link_inode != 0);
    if (p >= 30 && linked) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (list[i].link_dev != sent.link_dev || list[i].link_inode != sent.link_inode)
                continue;
            entry.link_dev = 1;
            entry.link_inode = i;
            break;
        }
    } else if (!linked || (p < 28 && !entry.is_regular())) {
        entry.link_dev = entry.link_inode = 0;
    }
    return entry;
}

FlistForm form_for(int protocol, bool varint)
{
    FlistForm form;
    form.protocol = protocol;
    form.varint_flags = varint;
    form.safe_end = protocol >= 31;
    form.id0_names = varint;
    return form;
}

}  // namespace

TEST_CASE("a receiver reads the list that was sent, in every protocol", "[transport][flist]")
{
    const int protocol = GENERATE(27, 28, 29, 30, 31, 32);
    const bool varint = GENERATE(false, true);
    const bool extras = GENERATE(false, true);
    if (varint && protocol < 30) return;
    FlistForm form = form_for(protocol, varint);
    form.hard_links = form.acls = form.xattrs = extras;
    form.checksum_bytes = extras ? 16 : 0;
    // Content directories below protocol 30 have a test of their own.
    std::vector<Entry> list = RandomList(Catch::rngSeed(), protocol).make(300);
    if (protocol < 30)
        for (Entry& each : list) each.dir_kind = DirKind::plain;

    FlistEncoder encoder(form);
    Bytes out;
    Bytes digest(16);
    for (std::size_t i = 0; i < list.size(); ++i) {
        digest[0] = static_cast<std::byte>(i);
        encoder.add(list[i], out,
                    extras ? std::span<const std::byte>(digest) : std::span<const std::byte>());
    }
    encoder.end(0, out);
    const ReadList read = read_flist(out, form);

    CHECK(read.bytes == out.size());
    CHECK(read.io_error == 0);
    REQUIRE(read.entries.size() == list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
        Entry expected = as_received(list[i], form, list);
        Entry got = read.entries[i];
        INFO("entry " << i << " of seed " << Catch::rngSeed() << ": " << expected.path);
        // Of protocol 27 every file has an inode; those without a group of their own are told by
        // uniqueness below.
        if (protocol < 28 && extras && expected.link_inode == 0 && expected.is_regular()) {
            CHECK(got.link_dev > 0x1'0000'0001);
            got.link_dev = got.link_inode = 0;
        }
        REQUIRE(got.path == expected.path);
        REQUIRE(got.mode == expected.mode);
        REQUIRE(got.size == expected.size);
        REQUIRE(got.mtime == expected.mtime);
        REQUIRE(got.uid == expected.uid);
        REQUIRE(got.link_dev == expected.link_dev);
        REQUIRE(got.link_inode == expected.link_inode);
        REQUIRE(got == expected);
    }
}

TEST_CASE("protocol 27 never takes two files for one", "[transport][flist]")
{
    FlistForm form = form_for(27, false);
    form.hard_links = true;
    FlistEncoder encoder(form);
    Bytes out;
    for (const char* const name : {"a", "b", "c"}) {
        Entry file;
        file.path = name;
        file.mode = 0100644;
        encoder.add(file, out);
    }
    encoder.end(0, out);
    const std::vector<Entry> read = read_flist(out, form).entries;

    REQUIRE(read.size() == 3);
    CHECK(read[0].link_inode != read[1].link_inode);
    CHECK(read[1].link_inode != read[2].link_inode);
    CHECK(read[0].link_inode != read[2].link_inode);
}

TEST_CASE("after a follower the running values are its leader's", "[transport][flist]")
{
    FlistForm form;
    form.hard_links = true;
    Entry leader;
    leader.path = "a";
    leader.mode = 0100644;
    leader.mtime = 1;
    leader.uid = 1;
    leader.link_inode = 9;
    Entry follower = leader;  // changed between the two looks at it
    follower.path = "b";
    follower.mode = 0100600;
    follower.mtime = 2;
    follower.mtime_nsec = 3;
    follower.uid = 2;
    Entry next = follower;
    next.path = "c";
    next.link_inode = 0;

    FlistEncoder encoder(form);
    Bytes out;
    for (const Entry& each : {leader, follower, next}) encoder.add(each, out);
    encoder.end(0, out);
    const std::vector<Entry> read = read_flist(out, form).entries;

    REQUIRE(read.size() == 3);
    CHECK(read[1].mode == 0100644);
    CHECK(read[2].mode == 0100600);
    CHECK(read[2].mtime == 2);
    CHECK(read[2].uid == 2);
}

TEST_CASE("names follow the list for the ids that have one", "[transport][flist]")
{
    const int protocol = GENERATE(27, 29, 30, 32);
    FlistForm form = form_for(protocol, protocol >= 31);
    form.numeric_ids = false;
    form.acls = true;
    form.names.user = [](std::uint32_t id) {
        return id == 0 ? "root" : id == 33 ? "www" : id == 44 ? "video" : "";
    };
    form.names.group = [](std::uint32_t id) {
        return id == 0 ? "wheel" : id == 5 ? std::string(300, 'g') : id == 6 ? "six" : "";
    };
    Entry file;
    file.path = "f";
    file.mode = 0100644;
    file.uid = 33;
    file.gid = 5;
    file.acl.edit().named = {{44, 6, true}, {6, 4, false}};
    Entry other = file;
    other.path = "g";
    other.uid = 34;
    FlistEncoder encoder(form);
    Bytes out;
    encoder.add(file, out);
    encoder.add(other, out);
    encoder.end(0, out);
    const ReadList read = read_flist(out, form);

    std::map<std::uint32_t, std::string> users = {{33, "www"}};
    std::map<std::uint32_t, std::string> groups;
    if (protocol >= 30) {
        users[44] = "video";
        groups[6] = "six";
    }
    if (form.id0_names) {
        users[0] = "root";
        groups[0] = "wheel";
    }
    CHECK(read.users == users);
    CHECK(read.groups == groups);
    CHECK(read.bytes == out.size());
}

TEST_CASE("no id list follows for an owner or a group that is not kept", "[transport][flist]")
{
    FlistForm form;
    form.numeric_ids = false;
    form.owner = form.group = false;
    FlistEncoder encoder(form);
    Bytes out;
    encoder.end(0, out);
    CHECK(test::hex(out) == "00 00");
}

TEST_CASE("before protocol 30 nothing inside a content directory can be spared",
          "[transport][flist]")
{
    const auto directory = [](std::string path, DirKind kind) {
        Entry made;
        made.path = std::move(path);
        made.mode = 040755;
        made.dir_kind = kind;
        return made;
    };
    FlistEncoder encoder(form_for(29, false));
    Bytes out;
    encoder.add(directory("a", DirKind::plain), out);
    encoder.add(directory("b", DirKind::content), out);
    encoder.add(directory("b/c", DirKind::content), out);
    encoder.add(directory("b2", DirKind::plain), out);
    CHECK_THROWS_AS(encoder.add(directory("b/c/d", DirKind::plain), out), Error);

    FlistEncoder whole(form_for(29, false));
    whole.add(directory(".", DirKind::content), out);
    CHECK_THROWS_AS(whole.add(directory("a", DirKind::implied), out), Error);
}

TEST_CASE("a path that no receiver takes is refused here", "[transport][flist]")
{
    FlistEncoder encoder{FlistForm{}};
    Bytes out;
    Entry entry;
    entry.mode = 0100644;
    CHECK_THROWS_AS(encoder.add(entry, out), Error);
    entry.path = std::string(4096, 'x');
    CHECK_THROWS_AS(encoder.add(entry, out), Error);
    entry.path = std::string(4095, 'x');
    CHECK_NOTHROW(encoder.add(entry, out));
}
