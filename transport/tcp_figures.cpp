#include "transport/tcp_figures.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <limits>

namespace lockstep::transport {

std::optional<LineFigures> tcp_figures(int socket) noexcept
{
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    LineFigures figures;
    figures.acked_bytes = info.tcpi_bytes_acked;
    figures.busy = std::chrono::microseconds(info.tcpi_busy_time);
    figures.receiver_limited = std::chrono::microseconds(info.tcpi_rwnd_limited);
    figures.delivered_per_second = info.tcpi_delivery_rate;
    const bool has_round_trip = info.tcpi_min_rtt != std::numeric_limits<__u32>::max();
    if (has_round_trip) figures.round_trip = std::chrono::microseconds(info.tcpi_min_rtt);
    return figures;
}

}  // namespace lockstep::transport
