"""Discord's two rate limits for a webhook: the one it announces, and the one it hides.

https://discord.com/developers/docs/topics/rate-limits describes the headers and the
answer 429, and asks not to hard-code numbers. The numbers here are what clients saw:
5 requests per 2 s for each webhook, and 30 messages per 60 s for its channel
(https://github.com/discord/discord-api-docs/issues/367), of which the headers say
nothing (https://github.com/discord/discord-api-docs/issues/1454).
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

__all__ = ["ChannelWindow", "WebhookBucket", "retry_body", "retry_header"]

_BUCKET: Final = (5, 2.0)
_CHANNEL: Final = (30, 60.0)

# Without a version in the address it is API 6, which counts milliseconds:
# https://github.com/discord/discord-api-docs/issues/2360
_MILLISECONDS_UP_TO: Final = 7


@dataclass(slots=True)
class WebhookBucket:
    """A window that opens with its first request and closes two seconds later."""

    used: int = 0
    ends_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Take a place, or return how long until there is one."""
        most, seconds = _BUCKET
        if now_s >= self.ends_s:
            self.used, self.ends_s = 0, now_s + seconds
        if self.used >= most:
            return self.ends_s - now_s
        self.used += 1
        return 0.0

    def headers(self, now_s: float, wall_ms: int) -> dict[str, str]:
        """Return what Discord says about this bucket on every answer."""
        left_s = max(self.ends_s - now_s, 0.0)
        return {
            "X-RateLimit-Limit": str(_BUCKET[0]),
            "X-RateLimit-Remaining": str(_BUCKET[0] - self.used),
            "X-RateLimit-Reset": f"{wall_ms / 1000 + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": "5ec03d2a5c5e4ca4",
        }


@dataclass(slots=True)
class ChannelWindow:
    """No more than 30 in any 60 s, over all webhooks of a channel."""

    taken_s: deque[float] = field(default_factory=deque)

    def wait_s(self, now_s: float) -> float:
        """Take a place, or return how long until there is one."""
        most, seconds = _CHANNEL
        while self.taken_s and now_s - self.taken_s[0] >= seconds:
            self.taken_s.popleft()
        if len(self.taken_s) >= most:
            return self.taken_s[0] + seconds - now_s
        self.taken_s.append(now_s)
        return 0.0


def retry_body(wait_s: float, *, shared: bool, version: int) -> dict[str, object]:
    """Return the body of a 429."""
    who = "The resource is" if shared else "You are"
    milliseconds = version <= _MILLISECONDS_UP_TO
    return {
        "message": f"{who} being rate limited.",
        "retry_after": math.ceil(wait_s * 1000) if milliseconds else round(wait_s, 3),
        "global": False,
    }


def retry_header(wait_s: float, *, version: int) -> str:
    """Return Retry-After: an integer, rounded up."""
    return str(math.ceil(wait_s * (1000 if version <= _MILLISECONDS_UP_TO else 1)))
