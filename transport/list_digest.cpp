#include "transport/list_digest.h"

#include "transport/content_reader.h"
#include "transport/give_way.h"

#include <algorithm>

namespace lockstep::transport {

asio::awaitable<Bytes> list_digest(const Content& content, delta::Digest digest)
{
    const std::size_t length = delta::digest_bytes(digest);
    Bytes result(length);
    if (content.error != 0) co_return result;
    delta::FileDigest whole(digest);
    ContentReader reading(content, {});
    Bytes room(reading.room_wanted());
    Turn turn;
    for (std::span<const std::byte> bytes = reading.next(room); !bytes.empty();
         bytes = reading.next(room)) {
        whole.update(bytes);
        if (turn.is_over_after(bytes.size())) co_await give_way();
    }
    if (reading.error() != 0) co_return result;
    const delta::Sum sum = whole.finish();
    std::copy_n(sum.begin(), length, result.begin());
    co_return result;
}

}  // namespace lockstep::transport
