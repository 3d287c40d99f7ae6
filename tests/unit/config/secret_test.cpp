#include "config/secret.h"

#include "base/error.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

namespace lockstep::config {
namespace {

using testing::TempDir;

std::string secret_file(const TempDir& dir, std::string_view content, mode_t mode = 0600)
{
    const std::string file = dir / "secret";
    testing::write_file(file, content);
    testing::set_mode(file, mode);
    return file;
}

// What it throws; empty when it does not.
std::string refusal(const std::string& file)
{
    try {
        read_password_file(file);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::auth);
        CHECK(error.remedy() == Remedy::needs_person);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("the password is the first line without its end", "[config][secret]")
{
    const TempDir dir;
    CHECK(read_password_file(secret_file(dir, "pass word ")).reveal() == "pass word ");
    CHECK(read_password_file(secret_file(dir, "one\ntwo\n")).reveal() == "one");
    CHECK(read_password_file(secret_file(dir, "one\r\n", 0400)).reveal() == "one");
}

TEST_CASE("a password file that others can open is refused with mode and cure", "[config][secret]")
{
    const TempDir dir;
    const std::string file = secret_file(dir, "secret", 0644);

    CHECK(refusal(file) == "password file '" + file +
                               "': mode 0644 lets others in, expected 0600: run chmod 600 " + file);
    CHECK(refusal(secret_file(dir, "secret", 0620)).find("mode 0620") != std::string::npos);
    CHECK(refusal(secret_file(dir, "secret", 0601)).find("mode 0601") != std::string::npos);
}

TEST_CASE("a password file of somebody else is refused", "[config][secret]")
{
    if (::geteuid() != 0) return;  // only root can give a file away
    const TempDir dir;
    const std::string file = secret_file(dir, "secret");
    testing::set_owner(file, 12345, 0);
    CHECK(refusal(file).find("owned by user 12345, expected root") != std::string::npos);
}

TEST_CASE("a password file without a password is refused", "[config][secret]")
{
    const TempDir dir;
    CHECK(refusal(dir / "none").find("No such file") != std::string::npos);
    CHECK(refusal(dir.path()).find("regular file") != std::string::npos);
    CHECK(refusal(secret_file(dir, "")).find("empty") != std::string::npos);
    CHECK(refusal(secret_file(dir, "\nsecond")).find("empty") != std::string::npos);
    CHECK(refusal(secret_file(dir, std::string(5'000, 'x'))).find("longer than") !=
          std::string::npos);
    CHECK(refusal(secret_file(dir, std::string("a\0b", 3))).find("NUL") != std::string::npos);
    testing::remove_file(dir / "secret");
    testing::make_fifo(dir / "secret", 0600);  // and does not wait for a writer
    CHECK(refusal(dir / "secret").find("regular file") != std::string::npos);
}

TEST_CASE("no refusal shows what the file holds", "[config][secret]")
{
    const TempDir dir;
    for (const mode_t mode : {mode_t{0644}, mode_t{0666}})
        CHECK(refusal(secret_file(dir, "hunter2", mode)).find("hunter2") == std::string::npos);
}

TEST_CASE("a short secret is wiped when it goes", "[config][secret]")
{
    // Short strings live inside the object, so its own storage shows what is left of them.
    alignas(Secret) std::byte storage[sizeof(Secret)] = {};
    auto* secret = new (storage) Secret(std::string("hunter2"));
    *secret = Secret(std::string("xy"));
    secret->~Secret();

    const std::string_view left(reinterpret_cast<const char*>(storage), sizeof storage);
    CHECK(left.find("xy") == std::string_view::npos);
    CHECK(left.find("nter2") == std::string_view::npos);
}

TEST_CASE("a secret becomes text by reveal alone", "[config][secret]")
{
    CHECK_FALSE(std::is_convertible_v<Secret, std::string>);
    CHECK_FALSE(std::is_constructible_v<std::string, Secret>);
    Secret a(std::string("one"));
    const Secret b = a;
    a = Secret(std::string("a much longer secret than before"));
    CHECK(b.reveal() == "one");
    CHECK(a.reveal() == "a much longer secret than before");
}

}  // namespace lockstep::config
