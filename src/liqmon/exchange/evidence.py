"""A failed call, taken apart: the chain of causes, its text, the HTTP status."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["Evidence", "evidence", "retry_after_s"]

# ccxt writes "<id> <METHOD> <url> <status> <reason> <body>".
_STATUS: Final = re.compile(r"\S+ [A-Z]+ \S+ ([1-5]\d\d) ")
_MOST_TEXT: Final = 4_000
_MOST_DETAIL: Final = 120
_MOST_WAIT_S: Final = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """``text`` is that of the whole chain, in lower case and without blanks."""

    error: BaseException
    chain: tuple[BaseException, ...]
    text: str
    status: int | None

    @property
    def detail(self) -> str:
        """The innermost words: what the server or the library itself said."""
        said = next((str(link) for link in reversed(self.chain) if str(link)), "")
        words = " ".join(said.split()) or type(self.error).__name__
        short = len(words) <= _MOST_DETAIL
        return words if short else f"{words[: _MOST_DETAIL - 1]}…"


def evidence(error: BaseException) -> Evidence:
    """Return what is to be known of ``error``."""
    chain = tuple(_chain(error))
    text = " ".join(str(link)[:_MOST_TEXT] for link in chain)
    status = _STATUS.match(str(error)[:_MOST_TEXT])
    return Evidence(
        error,
        chain,
        re.sub(r"\s", "", text.lower()),
        int(status[1]) if status else None,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        hidden = None if link.__suppress_context__ else link.__context__
        link = link.__cause__ or hidden


def retry_after_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Return what Retry-After asks for: seconds or a date, never nonsense."""
    asked = {name.lower(): value for name, value in headers.items()}.get("retry-after")
    if asked is None:
        return None
    seconds = _seconds(asked, now_ms)
    return min(seconds, _MOST_WAIT_S) if seconds > 0 else None


def _seconds(asked: str, now_ms: int) -> float:
    """Return 0 for what is neither a number of seconds nor a date."""
    if re.fullmatch(r"\s*\d{1,9}(\.\d{1,9})?\s*", asked, re.ASCII):
        return float(asked)
    try:
        return parsedate_to_datetime(asked).timestamp() - now_ms / 1000
    except (ValueError, OverflowError, OSError):
        return 0.0
