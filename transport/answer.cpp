#include "transport/answer.h"

#include "base/error.h"
#include "base/path.h"
#include "delta/matcher.h"
#include "transport/give_way.h"
#include "transport/packed_types.h"

#include <algorithm>

namespace lockstep::transport {
namespace {

// Read without anything going out: what compresses that well must not look like silence.
constexpr std::size_t silent_bytes_max = 4 * 1024 * 1024;

// The file's digest made surely wrong: all zero, and if that should be right, not quite
// (PROTOCOL.md 15.4).
void spoil(delta::Sum& sum, std::size_t length)
{
    const bool zero = std::all_of(sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(length),
                                  [](std::byte b) { return b == std::byte{0}; });
    sum.fill(std::byte{0});
    if (zero) sum[length - 1] = std::byte{1};
}

}  // namespace

Answerer::Answerer(AnswerForm form, std::unique_ptr<delta::TokenCodec> codec)
    : form_(form), codec_(std::move(codec)), block_digest_(form.digest, form.seed, form.seed_place)
{
}

Answerer::~Answerer() = default;

void Answerer::know_seed(std::int32_t seed)
{
    if (seed == form_.seed) return;
    form_.seed = seed;
    block_digest_ = delta::BlockDigest(form_.digest, seed, form_.seed_place);
}

bool Answerer::is_overwritten(const Request& request) const noexcept
{
    const bool part =
        (request.iflags & iflag_basis_type) != 0 && request.basis_type == basis_partial;
    return form_.overwrites || (form_.overwrites_parts && part);
}

asio::awaitable<std::optional<PathFailure>> Answerer::send(std::string path, Content content,
                                                           Extent extent, const Request& request,
                                                           Outbox& out)
{
    ContentReader reading(content, extent);
    const bool old_md4 = form_.protocol < 30 && form_.digest == delta::Digest::md4;
    delta::FileDigest whole(form_.digest, old_md4 ? std::optional(form_.seed) : std::nullopt);
    delta::Matcher matcher(
        request.sums, block_digest_,
        codec_->needs_matched_bytes() ? delta::Matcher::MatchedBytes::keep
                                      : delta::Matcher::MatchedBytes::drop,
        is_overwritten(request) ? delta::Matcher::Basis::overwritten : delta::Matcher::Basis::kept);
    const delta::Matcher::Sink put_token = [&](const delta::Token& token) {
        codec_->put(token, token.matched, out.data());
    };

    codec_->begin(is_packed(path) ? delta::Effort::least : delta::Effort::usual);
    std::size_t silent_bytes = 0;
    Turn turn;
    for (;;) {
        const std::span<const std::byte> bytes = reading.next(matcher.room(reading.room_wanted()));
        if (bytes.empty()) break;
        whole.update(bytes);
        matcher.feed(bytes, put_token);
        silent_bytes = out.data().size() >= Outbox::flush_bytes ? 0 : silent_bytes + bytes.size();
        co_await out.flush_if_large();
        if (turn.is_over_after(bytes.size())) co_await give_way();
        if (silent_bytes < silent_bytes_max) continue;
        silent_bytes = 0;
        co_await out.say_something();
    }
    matcher.finish(put_token);
    codec_->end(out.data());
    literal_bytes_ += matcher.literal_bytes();
    matched_bytes_ += matcher.matched_bytes();

    delta::Sum sum = whole.finish();
    const std::size_t length = delta::digest_bytes(form_.digest);
    if (reading.error() != 0) spoil(sum, length);
    put_bytes(out.data(), std::span<const std::byte>(sum).first(length));
    co_await out.flush_if_large();
    if (reading.error() == 0) co_return std::nullopt;
    PathFailure failure;
    failure.path = std::move(path);
    failure.kind = ErrorKind::local;
    failure.message = describe_errno("read", failure.path, reading.error());
    co_return failure;
}

}  // namespace lockstep::transport
