// Frames, cut anywhere: the same data and messages however the line cuts them, and bounded ones.
#include "transport/mux.h"

#include "base/assert.h"
#include "base/error.h"
#include "input.h"

using namespace lockstep;
using namespace lockstep::transport;

namespace {

struct Heard {
    Bytes data;
    std::vector<Message> messages;
    bool refused = false;
    bool operator==(const Heard&) const = default;
};

Heard heard(std::span<const std::byte> stream, std::size_t piece)
{
    Heard heard;
    Demux demux;
    const Demux::Sink sink{
        [&heard](std::span<const std::byte> data) { put_bytes(heard.data, data); },
        [&heard](Message message) {
            LOCKSTEP_ASSERT(message.payload.size() <= Demux::message_bytes_max, "bounded");
            heard.messages.push_back(std::move(message));
        }};
    try {
        while (!stream.empty()) {
            const auto next = stream.first(std::min(piece, stream.size()));
            stream = stream.subspan(next.size());
            demux.feed(next, sink);
        }
    } catch (const Error&) {
        heard.refused = true;
    }
    return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Input input(data, size);
    const auto piece = static_cast<std::size_t>(input.choice(40)) + 1;

    const Heard whole = heard(input.bytes(), size + 1);
    LOCKSTEP_ASSERT(heard(input.bytes(), piece) == whole, "however it is cut");
    LOCKSTEP_ASSERT(whole.data.size() <= size, "nothing is made up");
    return 0;
}
