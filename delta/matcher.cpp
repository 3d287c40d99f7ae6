#include "delta/matcher.h"

#include "delta/block_table.h"
#include "delta/candidate_scan.h"
#include "delta/rolling_sum.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace lockstep::delta {
namespace {

constexpr std::size_t window_extra_bytes = 256 * 1024;
constexpr std::size_t window_first_bytes = 16 * 1024;
constexpr std::uint64_t vain_blocks_free = 64;  // before the file's own length counts

bool usable(const BlockSums& sums)
{
    return sums.count > 0 && sums.block_bytes > 0 && sums.strong_bytes > 0 &&
           sums.strong_bytes <= std::tuple_size_v<Sum>;
}

}  // namespace

// The window holds, in this order and adjacent: [literal, scan) bytes that are literal but not
// given out, [scan, end) bytes not decided. A run that is not given out lies before them all.
// Unless `fresh`, `sum` is that of the block at scan - 1, so that byte is kept too.
struct Matcher::State {
    State(const BlockSums& all, BlockDigest& strong, MatchedBytes matched, Basis basis)
        : sums(all),
          digest(strong),
          table(all,
                basis == Basis::overwritten ? BlockTable::Equal::last : BlockTable::Equal::first),
          overwritten(basis == Basis::overwritten),
          keep_matched(matched == MatchedBytes::keep),
          block_bytes(usable(all) ? all.block_bytes : 0),
          window_bytes_max(2 * block_bytes + window_extra_bytes)
    {
    }

    const BlockSums& sums;
    BlockDigest& digest;
    const BlockTable table;
    const bool overwritten;
    const bool keep_matched;
    const std::size_t block_bytes;  // 0: no basis to match
    const std::size_t window_bytes_max;

    std::unique_ptr<std::byte[]> window;
    std::size_t capacity = 0;
    std::size_t literal = 0;
    std::size_t scan = 0;
    std::size_t end = 0;

    RollingSum sum;
    bool fresh = true;

    std::uint32_t run_first = 0;
    std::uint32_t run_blocks = 0;
    std::size_t run_begin = 0;   // in the window; only with keep_matched
    std::uint32_t expected = 0;  // the block after the last match; block 0 at the file's beginning

    std::uint64_t fed_bytes = 0;
    std::uint64_t vain_bytes = 0;  // strong sums that matched nothing
    std::uint64_t literal_bytes = 0;
    std::uint64_t matched_bytes = 0;
    std::uint64_t before_file = 0;  // of both, those of the files before this one

    // Where `scan` is in the file.
    std::uint64_t position() const noexcept
    {
        return literal_bytes + matched_bytes - before_file + (scan - literal);
    }
    bool is_there_still(std::uint32_t block) const noexcept
    {
        return !overwritten || std::uint64_t{block} * block_bytes >= position();
    }

    std::span<const std::byte> bytes(std::size_t from, std::size_t to) const
    {
        return {window.get() + from, to - from};
    }

    bool is_in_room(std::span<const std::byte> more) const noexcept
    {
        return more.data() == window.get() + end && more.size() <= capacity - end;
    }
    std::size_t append(std::span<const std::byte> more);
    void make_room(std::size_t wanted);

    void search(const Sink& sink);
    bool slide_to_candidate();
    std::optional<std::uint32_t> block_at_scan();
    void match_rest(const Sink& sink);

    void accept(std::uint32_t block, std::size_t length, const Sink& sink);
    void give_run(const Sink& sink);
    void give_literals(std::size_t least, const Sink& sink);
    void pass_literals(std::span<const std::byte>& more, const Sink& sink);
};

Matcher::Matcher(const BlockSums& sums, BlockDigest& digest, MatchedBytes matched, Basis basis)
    : state_(std::make_unique<State>(sums, digest, matched, basis))
{
}

Matcher::~Matcher() = default;

std::span<std::byte> Matcher::room(std::size_t wanted)
{
    State& s = *state_;
    s.make_room(wanted);
    return {s.window.get() + s.end, std::min(wanted, s.capacity - s.end)};
}

void Matcher::feed(std::span<const std::byte> bytes, const Sink& sink)
{
    State& s = *state_;
    s.fed_bytes += bytes.size();
    while (!bytes.empty()) {
        if (s.block_bytes == 0) s.pass_literals(bytes, sink);
        bytes = bytes.subspan(s.append(bytes));
        s.search(sink);
        if (s.keep_matched) s.give_run(sink);
    }
}

void Matcher::finish(const Sink& sink)
{
    State& s = *state_;
    s.match_rest(sink);
    s.give_literals(1, sink);
    s.give_run(sink);
    s.literal = s.scan = s.end = 0;
    s.fresh = true;
    s.expected = 0;
    s.before_file = s.literal_bytes + s.matched_bytes;
}

std::uint64_t Matcher::literal_bytes() const noexcept
{
    return state_->literal_bytes;
}

std::uint64_t Matcher::matched_bytes() const noexcept
{
    return state_->matched_bytes;
}

// Takes as many bytes as fit; at least one.
std::size_t Matcher::State::append(std::span<const std::byte> more)
{
    if (is_in_room(more)) {
        end += more.size();
        return more.size();
    }
    make_room(more.size());
    const std::size_t taken = std::min(more.size(), capacity - end);
    if (taken > 0) std::memcpy(window.get() + end, more.data(), taken);
    end += taken;
    return taken;
}

// What is kept is shorter than a block and a literal: in a window of full size at least block_bytes
// + 224 KiB are then free, so moving it to the front costs less than a copy of the file in all. A
// smaller window is at least doubled instead when it is half full.
void Matcher::State::make_room(std::size_t wanted)
{
    const std::size_t begin = fresh ? literal : std::min(literal, scan - 1);
    const std::size_t kept = end - begin;
    if (kept > 0 && capacity - end >= wanted) return;

    const std::size_t enough = std::max({kept + wanted, 2 * capacity, window_first_bytes});
    if (capacity < window_bytes_max && kept + std::max(wanted, kept) > capacity) {
        capacity = std::min(enough, window_bytes_max);
        auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
        if (kept > 0) std::memcpy(larger.get(), window.get() + begin, kept);
        window = std::move(larger);
    } else if (kept > 0) {
        std::memmove(window.get(), window.get() + begin, kept);
    }
    literal -= begin;
    scan -= begin;
    end -= begin;
}

// Decides every position at which a whole block is at hand.
void Matcher::State::search(const Sink& sink)
{
    if (block_bytes == 0) {
        scan = end;
        give_literals(literal_bytes_max, sink);
        return;
    }
    while (end - scan >= block_bytes) {
        bool candidate = true;
        if (fresh) {
            sum = RollingSum(bytes(scan, scan + block_bytes));
            fresh = false;
            candidate = table.may_hold(sum.value());
            if (!candidate) ++scan;
        } else {
            candidate = slide_to_candidate();
        }
        if (candidate) {
            if (const std::optional<std::uint32_t> block = block_at_scan())
                accept(*block, block_bytes, sink);
            else
                ++scan;
        }
        give_literals(literal_bytes_max, sink);
    }
}

// Slides until the block at `scan` may be one of the basis (true), or to the first position that is
// not decidable yet or makes a literal full (false; `sum` is then that of the position before, as
// always).
bool Matcher::State::slide_to_candidate()
{
    static const CandidateScan fastest = fastest_candidate_scan();
    const std::size_t stop = std::min(end - block_bytes + 1, literal + literal_bytes_max);
    const Candidate candidate = fastest(table, sum, window.get() + scan - 1, stop - scan);
    scan += candidate.passed;
    return candidate.found;
}

// `sum` is that of the block at `scan`.
std::optional<std::uint32_t> Matcher::State::block_at_scan()
{
    const std::uint32_t weak = sum.value();
    std::optional<Sum> strong;  // computed when a first candidate asks for it
    const auto is = [&](std::uint32_t block) {
        if (table.weak(block) != weak || !is_there_still(block)) return false;
        if (!strong) {
            strong = digest.of(bytes(scan, scan + block_bytes));
            vain_bytes += block_bytes;
        }
        return std::memcmp(strong->data(), table.strong(block).data(), sums.strong_bytes) == 0;
    };

    const std::uint64_t vain_bytes_max =
        vain_bytes_per_byte_max * fed_bytes + vain_blocks_free * block_bytes;
    if (vain_bytes + block_bytes > vain_bytes_max) return std::nullopt;

    std::uint32_t found = BlockTable::none;
    const std::uint64_t unmoved = overwritten ? position() / block_bytes : table.full_blocks();
    if (unmoved < table.full_blocks() && position() % block_bytes == 0 &&
        is(static_cast<std::uint32_t>(unmoved))) {
        found = static_cast<std::uint32_t>(unmoved);
    } else if (expected < table.full_blocks() && is(expected)) {
        found = expected;
    } else {
        found = table.first(weak);
        while (found != BlockTable::none && !is(found)) found = table.after(found);
    }
    if (found == BlockTable::none) return std::nullopt;
    vain_bytes -= block_bytes;  // it was not in vain
    return found;
}

// A shorter last block can only be the end of the file.
void Matcher::State::match_rest(const Sink& sink)
{
    const std::size_t rest = sums.remainder_bytes;
    const std::size_t last = std::size_t{sums.count} - 1;
    const bool possible = block_bytes != 0 && rest > 0 && rest < block_bytes &&
                          end - scan >= rest && last < sums.weak.size() &&
                          last < sums.strong.size() / sums.strong_bytes;
    scan = possible ? end - rest : end;
    if (!possible) return;
    if (!is_there_still(static_cast<std::uint32_t>(last))) {
        scan = end;
        return;
    }

    const std::span<const std::byte> tail = bytes(scan, end);
    if (RollingSum(tail).value() == sums.weak[last]) {
        const Sum strong = digest.of(tail);
        const std::byte* const wanted = sums.strong.data() + last * sums.strong_bytes;
        if (std::memcmp(strong.data(), wanted, sums.strong_bytes) == 0) {
            accept(static_cast<std::uint32_t>(last), rest, sink);
            return;
        }
    }
    scan = end;
}

void Matcher::State::accept(std::uint32_t block, std::size_t length, const Sink& sink)
{
    give_literals(1, sink);
    if (run_blocks == 0 || block != run_first + run_blocks) {
        give_run(sink);
        run_first = block;
        run_begin = scan;
    }
    ++run_blocks;
    expected = block + 1;
    matched_bytes += length;
    scan += length;
    literal = scan;
    fresh = true;
    if (std::uint64_t{run_blocks} * block_bytes >= run_bytes_max) give_run(sink);
}

void Matcher::State::give_run(const Sink& sink)
{
    if (run_blocks == 0) return;
    Token token{.first_block = run_first, .blocks = run_blocks};
    // With keep_matched a run never outlives a feed, so its bytes are still before the literals.
    if (keep_matched) token.matched = bytes(run_begin, literal);
    sink(token);
    run_blocks = 0;
}

// Gives out the pending literals while they are at least `least` bytes.
void Matcher::State::give_literals(std::size_t least, const Sink& sink)
{
    while (scan - literal >= least) {
        give_run(sink);
        const std::size_t length = std::min(scan - literal, literal_bytes_max);
        sink(Token{.literal = bytes(literal, literal + length)});
        literal += length;
        literal_bytes += length;
    }
}

// Without a basis whole literals need not pass through the window.
void Matcher::State::pass_literals(std::span<const std::byte>& more, const Sink& sink)
{
    if (is_in_room(more)) return;
    while (literal == end && more.size() >= literal_bytes_max) {
        sink(Token{.literal = more.first(literal_bytes_max)});
        more = more.subspan(literal_bytes_max);
        literal_bytes += literal_bytes_max;
    }
}

}  // namespace lockstep::delta
