#include "agent/troubles.h"

#include "agent/advice.h"
#include "agent/plan/retry.h"
#include "base/path.h"

#include <utility>

namespace lockstep::agent {

Troubles::Troubles(config::Retry retry, config::Scheme scheme)
    : retry_(retry), scheme_(scheme), random_(std::random_device{}())
{
}

bool Troubles::note(Trouble trouble)
{
    ++count_;
    trouble.at = std::chrono::system_clock::now();
    trouble.advice = advice_for(trouble.kind, scheme_);
    if (trouble.paths.size() > paths_shown_max) trouble.paths.resize(paths_shown_max);
    const bool same = last_ && last_->message == trouble.message;
    last_ = std::move(trouble);
    return !same;
}

bool Troubles::note_failed_session(Trouble trouble, TimePoint now)
{
    ++attempts_;
    // The source is looked at again as soon as the mapping knows better; a person is not hurried.
    const auto delay = trouble.remedy == Remedy::needs_person ? retry_.max : delay_after(attempts_);
    not_before_ = now + delay;
    const bool is_new = note(std::move(trouble));
    session_ = last_;
    return is_new;
}

void Troubles::session_worked()
{
    session_.reset();
    attempts_ = 0;
    set_aside_in_a_row_ = 0;
    not_before_.reset();
}

void Troubles::try_again()
{
    not_before_.reset();
    attempts_ = 0;
}

void Troubles::source_is_back()
{
    if (!session_ || session_->kind != ErrorKind::source) return;
    session_.reset();
    not_before_.reset();
}

std::chrono::milliseconds Troubles::delay_after(std::uint32_t attempts)
{
    const plan::RetryTimes times{retry_.initial, retry_.max};
    return plan::retry_delay(times, attempts, static_cast<std::uint32_t>(random_()));
}

std::optional<Troubles::TimePoint> Troubles::waits_until(TimePoint now) const
{
    return not_before_ && *not_before_ > now ? not_before_ : std::nullopt;
}

bool Troubles::cut_off() const noexcept
{
    return session_ && is_line_trouble(session_->kind);
}

void Troubles::tell(status::Destination& told) const
{
    told.errors = count_;
    if (!last_) return;
    status::LastError error;
    error.at = last_->at;
    error.kind = name_of(last_->kind);
    error.message = last_->message;
    for (const std::string& path : last_->paths) error.paths.push_back(escaped(path));
    error.advice = last_->advice;
    told.last_error = std::move(error);
}

}  // namespace lockstep::agent
