"""A Discord in memory, as strict as the documented one, as unreliable as the weather.

It shares the published limits with the loopback server of ``liqmon.sim`` and nothing
with the code under test. A request that is on its way arrives even if its sender is
killed meanwhile.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from liqmon.discord.answers import Answer
from liqmon.sim.discord_limits import Json, Rules
from liqmon.sim.discord_rates import (
    ChannelWindow,
    WebhookBucket,
    retry_body,
    retry_header,
)
from simulation.loop import EPOCH_MS
from simulation.weather import Sky, Weather

REFUSED_WITH_EMBEDS = "XBAD"
REFUSED_ALWAYS = "XWORSE"
"""A message with one of these words in it is refused: Discord has filters too."""

_EDITABLE_S = 3_600.0
_NO_ID_SHARE = 0.01
_API = 10

_CANNED = {
    Sky.FAILING: Answer(500, body='{"message": "500: Internal Server Error"}'),
    Sky.PAGE: Answer(502, body="<html><title>502: Bad gateway</title></html>"),
    Sky.BLOCKED: Answer(403, body="error code: 1020"),
    Sky.EDGE: Answer(429, body='{"code": 0, "message": "You are being blocked"}'),
    Sky.GONE: Answer(404, body='{"message": "Unknown Webhook", "code": 10015}'),
}
_UNKNOWN_MESSAGE = (404, {"message": "Unknown Message", "code": 10008})
_TOO_OLD = {"message": "Maximum edits reached", "code": 30046, "retry_after": 1.5}
_FILTERED = {"message": "Message was blocked", "code": 200000}


@dataclass(slots=True)
class Message:
    """What stands in the channel; ``versions`` are its bodies, the last one shows."""

    id: str
    posted_s: float
    versions: list[Json]
    is_deleted: bool = False


@dataclass(kw_only=True)
class Request:
    """One request and what became of it.

    ``is_accepted``: the channel changed. ``answered_s``: when the process got to know,
    None if it never did. ``is_doubted``: it may have been killed before it wrote that
    down.
    """

    method: str
    target: str
    body: Json
    asked_s: float
    sky: Sky
    arrived_s: float | None = None
    is_accepted: bool = False
    message_id: str = ""
    answer: Answer | None = None
    answered_s: float | None = None
    is_doubted: bool = False

    @cached_property
    def text(self) -> str:
        """All that the body says, as text to search in."""
        return json.dumps(self.body, ensure_ascii=False, allow_nan=False)

    @property
    def is_confirmed(self) -> bool:
        """Whether the process knows for sure that the channel changed."""
        heard = self.answer is not None and self.answer.status in {200, 204}
        return heard and not self.is_doubted

    @property
    def is_lost(self) -> bool:
        """Whether the channel changed and Discord did not say so."""
        return self.is_accepted and self.sky is Sky.LOST


@dataclass(slots=True)
class Discord:
    """One webhook in one channel; ``invalid`` collects bodies that break a limit."""

    weather: Weather
    rng: Random
    messages: dict[str, Message] = field(default_factory=dict)
    invalid: list[Json] = field(default_factory=list)
    _buckets: dict[str, WebhookBucket] = field(default_factory=dict)
    _channel: ChannelWindow = field(default_factory=ChannelWindow)

    def sky(self, now_s: float) -> Sky:
        """Return how a request that is made now will be treated."""
        return self.weather.at(now_s, self.rng)

    def arrive(self, request: Request, now_s: float) -> Answer | None:
        """Take a request in; None is an answer that never comes."""
        request.arrived_s = now_s
        if request.sky is Sky.SILENT:
            return None
        if request.sky is Sky.LIMITED:
            wait_s = self.rng.choice((0.376, 5.0, 90.0, 1_800.0))
            return _limited(wait_s, shared=self.rng.random() < 0.5)
        if request.sky in _CANNED:
            return _CANNED[request.sky]
        answer = self._admitted(request, now_s)
        return None if request.sky is Sky.LOST else answer

    def _admitted(self, request: Request, now_s: float) -> Answer:
        bucket = self._buckets.setdefault(request.method, WebhookBucket())
        for limit, shared in ((bucket, False), (self._channel, True)):
            wait_s = limit.wait_s(now_s)
            if wait_s > 0:
                return _limited(wait_s, shared=shared)
        headers = bucket.headers(now_s, EPOCH_MS + int(now_s * 1000))
        headers = {name.lower(): value for name, value in headers.items()}
        status, body = self._judged(request, now_s)
        return _api(status, body, headers)

    def _judged(self, request: Request, now_s: float) -> tuple[int, object]:
        text = request.text
        body: Json = json.loads(text.encode())
        refusal = Rules().refusal(body)
        if refusal is not None:
            self.invalid.append(body)
            return 400, refusal
        if REFUSED_ALWAYS in text or (REFUSED_WITH_EMBEDS in text and "embeds" in body):
            return 400, _FILTERED
        if request.method == "POST":
            return self._post(request, body, now_s)
        return self._patch(request, body, now_s)

    def _post(self, request: Request, body: Json, now_s: float) -> tuple[int, object]:
        message = Message(str(1_000 + len(self.messages)), now_s, [body])
        self.messages[message.id] = message
        request.is_accepted, request.message_id = True, message.id
        if self.rng.random() < _NO_ID_SHARE:
            return 204, None
        return 200, {"id": message.id}

    def _patch(self, request: Request, body: Json, now_s: float) -> tuple[int, object]:
        message = self.messages.get(request.target)
        if message is None or message.is_deleted:
            return _UNKNOWN_MESSAGE
        if now_s - message.posted_s > _EDITABLE_S:
            return 429, _TOO_OLD
        message.versions.append(message.versions[-1] | body)
        request.is_accepted, request.message_id = True, message.id
        return 200, {"id": message.id}


def _api(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    text = "" if body is None else json.dumps(body)
    return Answer(status, {"via": "1.1 google"} | dict(headers or {}), text)


def _limited(wait_s: float, *, shared: bool) -> Answer:
    headers = {
        "retry-after": retry_header(wait_s, version=_API),
        "x-ratelimit-scope": "shared" if shared else "user",
    }
    return _api(429, retry_body(wait_s, shared=shared, version=_API), headers)
