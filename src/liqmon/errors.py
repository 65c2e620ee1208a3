"""Everything liqmon raises on purpose.

* LiqmonError
  * UserError             the user can fix it; exit code 2
    * ConfigError         a configuration that cannot be used
    * UnknownSymbol       no such perpetual; carries suggestions
    * NewerSchema         the state was written by a newer liqmon
  * AlreadyRunning        another run holds the lock; exit code 75
  * FeedError             an exchange did not answer usefully
    * FeedUnavailable     transient; the retry policy may try again
      * SessionDied       the HTTP session was dead and has been rebuilt
      * BadData           an answer that is no data; retried like any failure
    * FeedCooling         rate limited; the whole exchange pauses
    * FeedBlocked         this exchange refuses this host or country
    * FeedRejected        permanent; the request itself is wrong
  * StoreUnavailable      the database cannot be written or read now
"""

__all__ = [
    "AlreadyRunning",
    "BadData",
    "ConfigError",
    "FeedBlocked",
    "FeedCooling",
    "FeedError",
    "FeedRejected",
    "FeedUnavailable",
    "LiqmonError",
    "NewerSchema",
    "SessionDied",
    "StoreUnavailable",
    "UnknownSymbol",
    "UserError",
]


class LiqmonError(Exception):
    """The root: a plain ``except LiqmonError`` never hides a bug.

    ``hint`` says what to do about it, '' where that is not known.
    """

    hint: str = ""


class UserError(LiqmonError):
    """Something the user can put right."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(UserError):
    """A configuration that cannot be used."""


class UnknownSymbol(UserError):
    """No perpetual of that name on that exchange."""

    def __init__(
        self, message: str, *, hint: str = "", suggestions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.suggestions = suggestions


class NewerSchema(UserError):
    """The state directory was written by a newer liqmon."""


class AlreadyRunning(LiqmonError):
    """Another run holds the lock of this state directory."""

    hint = "stop that one, or give this one a directory of its own: --state-dir"


class FeedError(LiqmonError):
    """An exchange did not answer usefully."""

    hint = "is this machine online, and the exchange up? try again in a minute"


class FeedUnavailable(FeedError):
    """Transient: the same call may work in a moment.

    ``retry_after_s`` is the server's own hint, None without one.
    ``whole_exchange`` is true when no other market would have fared better.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        whole_exchange: bool = True,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.whole_exchange = whole_exchange


class SessionDied(FeedUnavailable):
    """The HTTP session was dead; it has been rebuilt before this was raised."""


class BadData(FeedUnavailable):
    """An answer that cannot be used as market data."""

    hint = ""

    def __init__(self, message: str) -> None:
        super().__init__(message, whole_exchange=False)


class FeedCooling(FeedError):
    """Rate limited: nothing is asked of this exchange for ``wait_s``."""

    def __init__(self, message: str, *, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.hint = f"it may be asked again in {wait_s:.0f} s"


class FeedBlocked(FeedError):
    """This exchange refuses this host or country; asking again makes it worse."""

    hint = ""


class FeedRejected(FeedError):
    """Permanent: the request itself is wrong and is not repeated."""

    hint = "see whether the market still trades there"


class StoreUnavailable(LiqmonError):
    """The database cannot be read or written now; what is in it is safe."""

    hint = "is the disk full, or somebody else writing? try again in a minute"
