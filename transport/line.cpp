#include "transport/line.h"

#include "transport/program_command.h"
#include "transport/stream_limited.h"
#include "transport/stream_program.h"
#include "transport/stream_tcp.h"
#include "transport/stream_tls.h"

#include <boost/asio/this_coro.hpp>

namespace lockstep::transport {

asio::awaitable<std::unique_ptr<Stream>> open_line(const Endpoint& endpoint,
                                                   const PushOptions& options)
{
    std::unique_ptr<Stream> line;
    if (is_program(endpoint.reach)) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        line = run_program(executor, endpoint.reach, receiver_command(endpoint, options),
                           receiver_name(endpoint));
    } else {
        line = co_await connect_tcp(endpoint.host, endpoint.port, endpoint.timeout);
    }
    if (endpoint.limit) line = limited(std::move(line), endpoint.limit);
    if (endpoint.reach == Reach::tls)
        line = co_await secure(std::move(line), endpoint.host, endpoint.tls, endpoint.timeout);
    co_return line;
}

}  // namespace lockstep::transport
