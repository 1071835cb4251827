#include "client-lib/client/link_fsm.hpp"

#include <algorithm>
#include <cassert>

namespace tocsin::client {

LinkFsm::LinkFsm(Settings settings) : settings_(settings), backoff_(settings.retry_min)
{
    assert(settings_.addresses > 0);
}

void LinkFsm::start(Time now)
{
    if (state_ != State::idle) return;
    state_ = State::waiting;
    due_ = now;
}

void LinkFsm::hurry(Time now)
{
    if (state_ != State::waiting || hurried_) return;
    hurried_ = true;
    due_ = std::min(due_, now);
}

std::size_t LinkFsm::begin()
{
    assert(state_ == State::waiting);
    state_ = State::connecting;
    return address_;
}

void LinkFsm::came_up(Time now)
{
    assert(state_ == State::connecting);
    state_ = State::up;
    up_since_ = now;
}

void LinkFsm::failed(Time now, double jitter)
{
    assert(state_ == State::connecting);
    next_address(now, jitter);
}

void LinkFsm::lost(Time now, double jitter)
{
    assert(state_ == State::up);
    // A relay that accepts and hangs up is no better than one that refuses.
    if (now - up_since_ < settings_.stable_after) return next_address(now, jitter);
    reset();
    pause(now, jitter);
}

void LinkFsm::drained(Time now, double jitter)
{
    assert(state_ == State::up);
    if (now - up_since_ >= settings_.stable_after) reset();
    next_address(now, jitter);
}

void LinkFsm::next_address(Time now, double jitter)
{
    address_ = (address_ + 1) % settings_.addresses;
    if (++failures_ < settings_.addresses) {
        state_ = State::waiting;
        due_ = now;
        return;
    }
    failures_ = 0;
    pause(now, jitter);
}

void LinkFsm::pause(Time now, double jitter)
{
    assert(jitter >= 0 && jitter < 1);
    const auto whole = static_cast<double>(backoff_.count());
    state_ = State::waiting;
    due_ = now + Pause(static_cast<Pause::rep>(whole * (0.5 + 0.5 * jitter)));
    backoff_ = std::min(2 * backoff_, settings_.retry_max);
    hurried_ = false;
}

void LinkFsm::reset()
{
    failures_ = 0;
    backoff_ = settings_.retry_min;
}

} // namespace tocsin::client
