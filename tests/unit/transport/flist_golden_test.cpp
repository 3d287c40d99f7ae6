#include "bytes.h"
#include "transport/flist.h"

#include <catch2/catch.hpp>

using namespace lockstep::transport;
using test::bytes;
using test::hex;

namespace {

Entry entry(std::string path, std::uint32_t mode, std::uint64_t size, std::int64_t mtime)
{
    Entry made;
    made.path = std::move(path);
    made.mode = mode;
    made.size = size;
    made.mtime = mtime;
    return made;
}

Bytes encoded(const std::vector<Entry>& entries, const FlistForm& form)
{
    FlistEncoder encoder(form);
    Bytes out;
    for (const Entry& each : entries) encoder.add(each, out);
    encoder.end(0, out);
    return out;
}

// PROTOCOL.md 26.2.
std::vector<Entry> docs()
{
    std::vector<Entry> list;
    list.push_back(entry("docs", 040755, 4096, 1700000000));
    list.back().dir_kind = DirKind::implied;
    list.push_back(entry("docs/alpha.txt", 0100644, 4, 1700000000));
    list.back().mtime_nsec = 500000000;
    list.push_back(entry("docs/beta.txt", 0100644, 5, 1700000000));
    list.back().uid = list.back().gid = 33;
    list.push_back(entry("docs/link", 0120777, 9, 1700000001));
    list.back().target = std::string("alpha.txt");
    list.push_back(entry("docs/old", 0, 0, 0));
    return list;
}

}  // namespace

TEST_CASE("a directory, two files, a symlink and a deletion are the bytes of the protocol's dump",
          "[transport][flist]")
{
    const Bytes expected = bytes(
        "81 01  04 'docs'  00 00 10  65 00 f1 53  ed 41 00 00  00  00 "
        "a0 b8  04  0a '/alpha.txt'  00 04 00  f0 00 65 cd 1d  a4 81 00 00 "
        "80 a2  05  08 'beta.txt'  00 05 00  21  21 "
        "20  05  04 'link'  00 09 00  65 01 f1 53  ff a1 00 00  00 00  09 'alpha.txt' "
        "38  05  03 'old'  00 00 00  00 00 00 00  00 00 00 00 "
        "00 00");
    REQUIRE(expected.size() == 112);

    CHECK(hex(encoded(docs(), FlistForm{})) == hex(expected));
    CHECK(sorted_order(docs(), 32) == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
}

TEST_CASE("two hard-linked files are the bytes of the protocol's dump", "[transport][flist]")
{
    std::vector<Entry> list = {entry("ha", 0100644, 1, 1700000000),
                               entry("hb", 0100644, 1, 1700000000)};
    for (Entry& each : list) {
        each.link_dev = 1;
        each.link_inode = 42;
    }
    FlistForm form;
    form.hard_links = true;

    CHECK(hex(encoded(list, form)) ==
          hex(bytes("92 00  02 'ha'  00 01 00  65 00 f1 53  a4 81 00 00  00 00 "
                    "82 ba  01  01 'b'  00 "
                    "00 00")));
}

TEST_CASE("an empty list is its end mark", "[transport][flist]")
{
    FlistForm form;
    CHECK(hex(encoded({}, form)) == "00 00");

    form.varint_flags = false;
    form.protocol = 31;
    CHECK(hex(encoded({}, form)) == "00");

    form.protocol = 29;
    CHECK(hex(encoded({}, form)) == "00 00 00 00 00");
}

TEST_CASE("our own read errors are said behind the list", "[transport][flist]")
{
    const auto ended = [](FlistForm form) {
        FlistEncoder encoder(std::move(form));
        Bytes out;
        encoder.end(1, out);
        return hex(out);
    };
    FlistForm form;
    CHECK(ended(form) == "00 01");

    form.varint_flags = false;
    CHECK(ended(form) == "04 10 01");

    form.safe_end = false;
    form.protocol = 30;
    CHECK(ended(form) == "00");

    form.protocol = 28;
    CHECK(ended(form) == "00 01 00 00 00");
}

TEST_CASE("a small attribute stands behind the entry, of a large one its md5", "[transport][flist]")
{
    Entry file = entry("f", 0100644, 0, 0);
    file.xattrs.edit() = {{"user.a", std::string(32, 'v')}, {"user.b", std::string(33, 'v')}};
    Entry bare = entry("g", 0100644, 0, 0);
    FlistForm form;
    form.xattrs = true;
    FlistEncoder encoder(form);
    Bytes first;
    encoder.add(file, first);
    Bytes second;
    encoder.add(bare, second);
    Bytes third;
    file.path = "h";
    encoder.add(file, third);

    // md5 of 33 times 'v', made with md5sum.
    const Bytes set = bytes(
        "00 02  07 20 'user.a' 00 76*32  07 21 'user.b' 00 "
        "55 26 6b c2 2f c8 4f c0 5b 7a 83 2d 9e ef 55 26");
    CHECK(hex(std::span(first).last(set.size())) == hex(set));
    CHECK(hex(std::span(second).last(2)) == "00 00");
    CHECK(hex(std::span(third).last(1)) == "01");

    REQUIRE(encoder.xattr_value(0, 2) != nullptr);
    CHECK(*encoder.xattr_value(0, 2) == std::string(33, 'v'));
    CHECK(encoder.xattr_value(2, 1) == encoder.xattr_value(0, 1));
    CHECK(encoder.xattr_value(0, 3) == nullptr);
    CHECK(encoder.xattr_value(0, 0) == nullptr);
    CHECK(encoder.xattr_value(1, 1) == nullptr);
    CHECK(encoder.xattr_value(3, 1) == nullptr);
}

TEST_CASE("an ACL stands behind the entry once, then its number", "[transport][flist]")
{
    Entry directory = entry("d", 040755, 0, 0);
    directory.acl.edit().mask = 5;
    directory.acl.edit().named = {{1000, 7, true}, {300, 4, false}};
    directory.default_acl = directory.acl;
    Entry file = entry("d/f", 0100644, 0, 0);
    file.acl = directory.acl;
    FlistForm form;
    form.acls = true;
    FlistEncoder encoder(form);
    Bytes first;
    encoder.add(directory, first);
    Bytes second;
    encoder.add(file, second);

    const Bytes acl = bytes("00 14 05 02 83 e8 1e 81 2c 10");
    CHECK(hex(std::span(first).last(2 * acl.size())) == hex(acl) + " " + hex(acl));
    CHECK(hex(std::span(second).last(1)) == "01");
}

TEST_CASE("deletions go first, and none says its mode", "[transport][flist]")
{
    std::vector<Entry> list = docs();
    list.push_back(entry("docs/older", 0, 0, 0));
    const std::vector<std::uint32_t> order = sending_order(list);
    REQUIRE(order == std::vector<std::uint32_t>{4, 5, 0, 1, 2, 3});
    FlistForm form;
    form.protocol = 32;
    FlistEncoder encoder(form);
    Bytes out;
    encoder.add(list[order[0]], out);
    encoder.add(list[order[1]], out);
    // Flags, name, size and the ids of the first: neither time nor mode stands there.
    CHECK(hex(out) == hex(bytes("80 82  08 'docs/old'  00 00 00  00 00 "
                                "80 ba  08 02 'er'  00 00 00")));
}
