// How fast the delta engine is: bytes of the new file a second, on one core.
//
//   cmake -S . -B build/bench -G Ninja -DLOCKSTEP_BENCH=ON && cmake --build build/bench --target
//   delta_bench build/bench/tests/bench/delta_bench --benchmark_counters_tabular=true
#include "delta/matcher.h"
#include "delta/rolling_sum.h"
#include "delta/rolling_sum_bulk.h"
#include "delta/strong_sum.h"
#include "delta/token_codec.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <vector>

namespace lockstep::delta {
namespace {

constexpr std::size_t gib = std::size_t{1} << 30;
constexpr std::size_t feed_bytes = 256 * 1024;

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t size, std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    Bytes bytes(size);
    for (std::size_t at = 0; at + 8 <= size; at += 8) {
        const std::uint64_t word = random();
        std::memcpy(bytes.data() + at, &word, 8);
    }
    return bytes;
}

void count_bytes(benchmark::State& state, std::size_t bytes)
{
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
}

// Every block of a 1 MiB buffer, so that memory is not what is measured.
template <class Sum>
void over_blocks(benchmark::State& state, Sum sum)
{
    const Bytes data = random_bytes(1 << 20, 1);
    const auto block_bytes = static_cast<std::size_t>(state.range(0));
    const std::size_t blocks = data.size() / block_bytes;
    for (auto _ : state)
        for (std::size_t i = 0; i < blocks; ++i)
            benchmark::DoNotOptimize(sum(std::span(data).subspan(i * block_bytes, block_bytes)));
    count_bytes(state, blocks * block_bytes);
}

void weak_sum_portable(benchmark::State& state)
{
    over_blocks(state, bulk_sum_portable);
}
BENCHMARK(weak_sum_portable)->Arg(700)->Arg(131'072);

void weak_sum_avx2(benchmark::State& state)
{
    if (!has_avx2()) return state.SkipWithError("no AVX2 here");
    over_blocks(state, bulk_sum_avx2);
}
BENCHMARK(weak_sum_avx2)->Arg(700)->Arg(131'072);

template <Digest digest>
void strong_sum(benchmark::State& state)
{
    BlockDigest block_digest(digest, 1, SeedPlace::before);
    over_blocks(state, [&](std::span<const std::byte> block) { return block_digest.of(block); });
}
BENCHMARK(strong_sum<Digest::xxh128>)->Arg(700)->Arg(131'072);
BENCHMARK(strong_sum<Digest::md5>)->Arg(700)->Arg(131'072);
BENCHMARK(strong_sum<Digest::md4>)->Arg(700)->Arg(131'072);

void rolling(benchmark::State& state)
{
    const Bytes data = random_bytes(1 << 20, 1);
    const std::size_t window = 700;
    for (auto _ : state) {
        const std::span<const std::byte> all_bytes(data);
        RollingSum sum(all_bytes.first(window));
        std::uint32_t all = 0;
        for (std::size_t at = window; at < data.size(); ++at) {
            sum.slide(data[at - window], data[at]);
            all ^= sum.value();
        }
        benchmark::DoNotOptimize(all);
    }
    count_bytes(state, data.size());
}
BENCHMARK(rolling);

BlockSums sums_of(const Bytes& basis, BlockDigest& digest)
{
    BlockSums sums;
    // About what a stock generator chooses (PROTOCOL.md 15.1).
    const auto root = static_cast<std::uint32_t>(std::sqrt(static_cast<double>(basis.size())));
    sums.block_bytes = std::clamp(root / 8 * 8, 700U, 131'072U);
    sums.strong_bytes = 8;
    sums.remainder_bytes = static_cast<std::uint32_t>(basis.size() % sums.block_bytes);
    for (std::size_t at = 0; at < basis.size(); at += sums.block_bytes) {
        const std::size_t length = std::min<std::size_t>(sums.block_bytes, basis.size() - at);
        const auto block = std::span(basis).subspan(at, length);
        const Sum strong = digest.of(block);
        sums.weak.push_back(RollingSum(block).value());
        sums.strong.insert(sums.strong.end(), strong.begin(), strong.begin() + 8);
        ++sums.count;
    }
    return sums;
}

void match(benchmark::State& state, const BlockSums& sums, BlockDigest& digest, const Bytes& file)
{
    std::uint64_t literal_bytes = 0;
    for (auto _ : state) {
        Matcher matcher(sums, digest);
        const Matcher::Sink sink = [](const Token& token) { benchmark::DoNotOptimize(token); };
        for (std::size_t at = 0; at < file.size(); at += feed_bytes)
            matcher.feed(std::span(file).subspan(at, std::min(feed_bytes, file.size() - at)), sink);
        matcher.finish(sink);
        literal_bytes = matcher.literal_bytes();
    }
    count_bytes(state, file.size());
    state.counters["literal"] =
        benchmark::Counter(static_cast<double>(literal_bytes), {}, benchmark::Counter::kIs1024);
}

BlockDigest xxh128()
{
    return {Digest::xxh128, 1, SeedPlace::hash_seed};
}

void match_unchanged(benchmark::State& state)
{
    BlockDigest digest = xxh128();
    const Bytes file = random_bytes(static_cast<std::size_t>(state.range(0)), 1);
    match(state, sums_of(file, digest), digest, file);
}
BENCHMARK(match_unchanged)->Arg(1 << 20)->Arg(gib)->Unit(benchmark::kMillisecond);

// Nothing of the basis is in the file: the price of looking at every position.
void match_nothing(benchmark::State& state)
{
    BlockDigest digest = xxh128();
    const auto size = static_cast<std::size_t>(state.range(0));
    const BlockSums sums = sums_of(random_bytes(size, 1), digest);
    match(state, sums, digest, random_bytes(std::min(size, gib / 4), 2));
}
BENCHMARK(match_nothing)->Arg(1 << 20)->Arg(gib)->Unit(benchmark::kMillisecond);

// One byte in a hundred blocks.
void match_sparse_edits(benchmark::State& state)
{
    BlockDigest digest = xxh128();
    Bytes file = random_bytes(gib / 4, 1);
    const BlockSums sums = sums_of(file, digest);
    for (std::size_t at = 0; at < file.size(); at += std::size_t{100} * sums.block_bytes)
        file[at] ^= std::byte{1};
    match(state, sums, digest, file);
}
BENCHMARK(match_sparse_edits)->Unit(benchmark::kMillisecond);

void match_zeros_against_zeros(benchmark::State& state)
{
    BlockDigest digest = xxh128();
    const Bytes file(gib / 4);
    match(state, sums_of(file, digest), digest, file);
}
BENCHMARK(match_zeros_against_zeros)->Unit(benchmark::kMillisecond);

void no_basis(benchmark::State& state)
{
    BlockDigest digest = xxh128();
    match(state, BlockSums(), digest, random_bytes(gib / 4, 1));
}
BENCHMARK(no_basis)->Unit(benchmark::kMillisecond);

// Text-like: words of a small vocabulary.
void encode(benchmark::State& state, const char* compress)
{
    std::mt19937 random(1);
    Bytes text;
    while (text.size() < 8 << 20) {
        const Bytes word = random_bytes(8, random() % 4096);
        text.insert(text.end(), word.begin(), word.begin() + 3 + random() % 5);
    }
    const auto codec = make_token_codec(compress, 0, 32);
    Bytes out;
    for (auto _ : state) {
        out.clear();
        codec->begin(Effort::usual);
        for (std::size_t at = 0; at < text.size(); at += 32'768)
            codec->put({.literal = std::span(text).subspan(
                            at, std::min<std::size_t>(32'768, text.size() - at))},
                       {}, out);
        codec->end(out);
        benchmark::DoNotOptimize(out.data());
    }
    count_bytes(state, text.size());
    state.counters["ratio"] = static_cast<double>(text.size()) / static_cast<double>(out.size());
}
BENCHMARK_CAPTURE(encode, none, "none")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, zlibx, "zlibx")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, zstd, "zstd")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, lz4, "lz4")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lockstep::delta
