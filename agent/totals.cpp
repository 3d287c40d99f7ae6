#include "agent/totals.h"

namespace lockstep::agent {

void Totals::pushed(const push::PushReport& report)
{
    sessions_ += report.sessions;
    if (report.peer) peer_ = *report.peer;
    figures_ += report.figures;
}

void Totals::session_failed() noexcept
{
    ++sessions_;
    ++retries_;
}

void Totals::tell(status::Destination& told) const
{
    told.protocol = peer_.protocol;
    told.checksum = peer_.checksum;
    told.compress = peer_.compress;
    told.files_sent = figures_.files_sent;
    told.files_deleted = figures_.files_deleted;
    told.bytes_sent = figures_.bytes_sent;
    told.literal_bytes = figures_.literal_bytes;
    told.matched_bytes = figures_.matched_bytes;
    told.sessions = sessions_;
    told.retries = retries_;
    told.latency = latency_.value();
}

}  // namespace lockstep::agent
