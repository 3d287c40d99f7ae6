// One requested file: opened, matched against the receiver's basis, sent as tokens and a digest.
#pragma once

#include "delta/strong_sum.h"
#include "delta/token_codec.h"
#include "transport/content_reader.h"
#include "transport/outbox.h"
#include "transport/push_list.h"
#include "transport/requests.h"

namespace lockstep::transport {

// What the answers of one session share.
struct AnswerForm {
    int protocol = 32;
    delta::Digest digest = delta::Digest::xxh128;
    std::int32_t seed = 0;
    delta::SeedPlace seed_place = delta::SeedPlace::before;
    // The receiver writes over the basis that it copies from: always, or where that is a part which
    // a lost session has left.
    bool overwrites = false;
    bool overwrites_parts = false;
};

class Answerer {
public:
    Answerer(AnswerForm form, std::unique_ptr<delta::TokenCodec> codec);
    ~Answerer();

    // Writes tokens and digest of `path` after the echo that the caller has put into `out`.
    // Reads at most what of `extent` the file held when it was opened, and where that does not
    // begin at 0 takes nothing from a basis. A read error ends the stream with a wrong digest
    // (PROTOCOL.md 15.4) and is returned; the receiver then discards and asks again.
    asio::awaitable<std::optional<PathFailure>> send(std::string path, Content content,
                                                     Extent extent, const Request& request,
                                                     Outbox& out);

    // Before the first request with block sums is answered, where it was not known from the start.
    void know_seed(std::int32_t seed);

    std::uint64_t literal_bytes() const noexcept { return literal_bytes_; }
    std::uint64_t matched_bytes() const noexcept { return matched_bytes_; }

private:
    bool is_overwritten(const Request& request) const noexcept;

    AnswerForm form_;
    std::unique_ptr<delta::TokenCodec> codec_;
    delta::BlockDigest block_digest_;
    std::uint64_t literal_bytes_ = 0;
    std::uint64_t matched_bytes_ = 0;
};

}  // namespace lockstep::transport
