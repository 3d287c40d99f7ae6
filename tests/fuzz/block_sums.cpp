// Any sums of a basis, and any file: the tokens are all of the file, and no block that is none.
#include "delta/block_sums.h"

#include "base/assert.h"
#include "base/error.h"
#include "delta/matcher.h"
#include "input.h"
#include "transport/requests.h"

using namespace lockstep;

namespace {

// A request as the decoder gives it: only what it lets through reaches the matcher.
std::optional<transport::Request> request_in(fuzz::Input& input)
{
    transport::RequestForm form;
    form.entries = 1;
    transport::RequestDecoder decoder(form);
    const auto sums_bytes = static_cast<std::size_t>(input.choice(256)) + 20;
    try {
        decoder.feed(input.piece(sums_bytes));
        std::optional<transport::GeneratorItem> item = decoder.next();
        if (!item || !std::holds_alternative<transport::Request>(*item)) return std::nullopt;
        return std::get<transport::Request>(std::move(*item));
    } catch (const Error&) {
        return std::nullopt;
    }
}

// How many bytes of the basis a run stands for.
std::uint64_t bytes_of(const delta::Token& token, const delta::BlockSums& sums)
{
    const std::uint64_t end = std::uint64_t{token.first_block} + token.blocks;
    LOCKSTEP_ASSERT(token.blocks > 0 && end <= sums.count, "blocks that the basis has");
    const bool short_end = end == sums.count && sums.remainder_bytes != 0;
    const std::uint64_t whole = std::uint64_t{token.blocks} * sums.block_bytes;
    return short_end ? whole - sums.block_bytes + sums.remainder_bytes : whole;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input(data, size);
    const auto piece = static_cast<std::size_t>(input.choice(64)) + 1;
    const bool keep = input.choice(2) != 0;
    const std::optional<transport::Request> request = request_in(input);
    if (!request) return 0;

    delta::BlockDigest digest(delta::Digest::xxh128, 1, delta::SeedPlace::before);
    delta::Matcher matcher(
        request->sums, digest,
        keep ? delta::Matcher::MatchedBytes::keep : delta::Matcher::MatchedBytes::drop);
    std::uint64_t told = 0;
    const delta::Matcher::Sink sink = [&](const delta::Token& token) {
        if (!token.literal.empty()) {
            told += token.literal.size();
            return;
        }
        const std::uint64_t run = bytes_of(token, request->sums);
        LOCKSTEP_ASSERT(!keep || token.matched.size() == run, "the bytes of the run");
        told += run;
    };
    const std::size_t file_bytes = input.bytes().size();
    while (!input.empty()) matcher.feed(input.piece(piece), sink);
    matcher.finish(sink);
    LOCKSTEP_ASSERT(told == file_bytes, "all of the file");
    LOCKSTEP_ASSERT(matcher.literal_bytes() + matcher.matched_bytes() == file_bytes, "as counted");
    return 0;
}
