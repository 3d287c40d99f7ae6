#include "transport/line.h"

#include "transport/stream_limited.h"
#include "transport/stream_tcp.h"
#include "transport/stream_tls.h"

namespace lockstep::transport {

asio::awaitable<std::unique_ptr<Stream>> open_line(const Endpoint& endpoint)
{
    std::unique_ptr<Stream> line =
        co_await connect_tcp(endpoint.host, endpoint.port, endpoint.timeout);
    if (endpoint.limit) line = limited(std::move(line), endpoint.limit);
    if (endpoint.reach == Reach::tls)
        line = co_await secure(std::move(line), endpoint.host, endpoint.ca_file, endpoint.timeout);
    co_return line;
}

}  // namespace lockstep::transport
