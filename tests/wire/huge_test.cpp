// A file of more than 4 GiB, nearly all of it a hole.
#include "push_fixture.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>

namespace lockstep::wire_test {

using namespace lockstep::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t gibi = std::uint64_t{1} << 30;
constexpr std::uint64_t size = 5 * gibi;

// `edition` decides the content of the islands, `shift` how far behind their places all begins.
void make_sparse(const std::string& path, std::uint64_t edition, std::uint64_t shift)
{
    struct Island {
        std::uint64_t at;
        std::size_t bytes;
    };
    constexpr std::array islands{Island{0, 100'000}, Island{2 * gibi + 12'345, 300'000},
                                 Island{4 * gibi - 50'000, 100'001}, Island{size - 70'001, 70'001}};
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    REQUIRE(file);
    REQUIRE(::ftruncate(file.get(), static_cast<off_t>(size + shift)) == 0);
    for (const Island& island : islands) {
        // One of them changes, the others only move.
        const bool changes = island.at == 4 * gibi - 50'000;
        const std::string bytes = random_bytes(island.bytes, changes ? edition : 1);
        REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(),
                         static_cast<off_t>(island.at + shift)) ==
                static_cast<ssize_t>(bytes.size()));
    }
}

class Sha256 {
public:
    Sha256() { EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr); }
    void add(const void* bytes, std::size_t count) { EVP_DigestUpdate(hash_.get(), bytes, count); }
    std::string sum()
    {
        std::string sum(32, '\0');
        EVP_DigestFinal_ex(hash_.get(), reinterpret_cast<unsigned char*>(sum.data()), nullptr);
        return sum;
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash_{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

// Of all bytes; or, in milliseconds, of the pages that are not all zeros and of where they are.
enum class Hash { every_byte, what_is_no_hole };

std::string sha256_of(const std::string& path, Hash what)
{
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(file);
    Sha256 hash;
    const off_t end = ::lseek(file.get(), 0, SEEK_END);
    hash.add(&end, sizeof end);
    std::string chunk(what == Hash::every_byte ? 1 << 20 : 4096, '\0');
    const std::string zeros(chunk.size(), '\0');
    const auto page = static_cast<off_t>(chunk.size());
    for (off_t at = 0; at < end; at += page) {
        if (what == Hash::what_is_no_hole) {
            const off_t data = ::lseek(file.get(), at, SEEK_DATA);
            if (data < 0) break;
            at = data / page * page;
        }
        const ssize_t got = ::pread(file.get(), chunk.data(), chunk.size(), at);
        REQUIRE(got > 0);
        const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
        if (what == Hash::what_is_no_hole && zeros.starts_with(bytes)) continue;
        if (what == Hash::what_is_no_hole) hash.add(&at, sizeof at);
        hash.add(bytes.data(), bytes.size());
    }
    return hash.sum();
}

struct Round {
    transport::PushFigures figures;
    double seconds = 0;
};

Round push_and_compare(const PushEnds& ends, const transport::Endpoint& endpoint,
                       const transport::PushOptions& options, Hash hash)
{
    const auto begun = std::chrono::steady_clock::now();
    const Pushed pushed = push(endpoint, options, list_of(ends.source()), ends.source());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    CHECK(pushed.peer.protocol == release_of_daemons().protocol_for(endpoint.protocol_max));
    CHECK(pushed.peer.compress == release_of_daemons().compressor_for(options.compress));
    CHECK(pushed.outcome.failures.empty());
    CHECK(pushed.outcome.unattributed.empty());
    const std::string there = ends.destination() + "/huge";
    CHECK(sha256_of(there, hash) == sha256_of(ends.source() + "/huge", hash));
    CHECK(status_of(there).st_blocks * 512 < 64 << 20);
    return {pushed.outcome.figures, took.count()};
}

// Whole, and then as a delta of itself, a few bytes further on.
void send_huge(const std::string& compress, int protocol, Hash hash)
{
    INFO(compress << " over protocol " << protocol);
    const PushEnds ends;
    transport::Endpoint endpoint = endpoint_of(ends.daemon, 300s);
    endpoint.protocol_max = protocol;
    transport::PushOptions options;
    options.compress = compress;
    options.sparse = true;
    options.ignore_times = true;
    options.timeout_s = 300;

    make_sparse(ends.source() + "/huge", 1, 0);
    const Round whole = push_and_compare(ends, endpoint, options, hash);
    CHECK(whole.figures.literal_bytes == size);

    make_sparse(ends.source() + "/huge", 2, 7);
    const Round delta = push_and_compare(ends, endpoint, options, hash);
    CHECK(delta.figures.files_sent == 1);
    CHECK(delta.figures.matched_bytes > size - 4 * 1024 * 1024);
    std::printf("%-5s protocol %d: whole %5.1f s, %7.2f MB; delta %5.1f s, %7.2f MB\n",
                compress.c_str(), protocol, whole.seconds,
                static_cast<double>(whole.figures.bytes_sent) / 1e6, delta.seconds,
                static_cast<double>(delta.figures.bytes_sent) / 1e6);
    std::fflush(stdout);
}

}  // namespace

TEST_CASE("5 GiB with holes arrive as they were, and again when all has moved", "[wire][sparse]")
{
    send_huge("zstd", 32, Hash::what_is_no_hole);
}

TEST_CASE("5 GiB with holes arrive by every compressor over every protocol", "[.huge][wire]")
{
    const auto* compress = GENERATE("none", "zstd", "lz4", "zlibx", "zlib");
    send_huge(compress, GENERATE(range(27, 33)), Hash::every_byte);
}

}  // namespace lockstep::wire_test
