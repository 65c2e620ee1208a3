"""What was typed wrong, told as every other error is: what, why, what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup

from liqmon.errors import UserError

__all__ = ["Commands"]

# What all mistakes of usage are; typer's copy of Click has no public name for it.
_UsageError: Final[type[Exception]] = typer.BadParameter.__bases__[0]
_HELP: Final = "NoArgsIsHelpError"
"""No mistake: a group without a command shows its help."""

_SAID: Final = (
    (r"No such command '(.+?)'.*", r"there is no command \1"),
    (r"No such option: (\S+).*", r"there is no option \1"),
    (r"Invalid value for '?(.+?)'?: (.+)", r"\1: \2"),
    (r"Invalid value: (.+)", r"\1"),
    (r"Missing \w+ '(.+?)'\. Choose from:\s+(.+)", r"\1 is missing, one of \2"),
    (r"Missing (?:option|argument|parameter):? '?(.+?)'?(?:\.|,.*)?", r"\1 is missing"),
    (r"Option '(.+?)' requires an argument\.", r"\1 needs a value"),
    (
        r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)",
        r"nothing can be done with \1",
    ),
)
_SECRETS: Final = {
    "--webhook": "LIQMON_DISCORD__WEBHOOK_URL",
    "--heartbeat": "LIQMON_HEALTH__HEARTBEAT_URL",
}
_CUT: Final = re.compile(r"Value error, |Input |, unable to parse .*|\.$")
_SPACE: Final = re.compile(r"\s+")
_MEANT: Final = re.compile(r"Did you mean (.+?)\?|\(Possible options: (.+)\)")


class Commands(TyperGroup):
    """The commands of liqmon."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _told_plainly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _told_plainly():
            return super().invoke(ctx)


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ == _HELP:
            raise
        raise _mistake(error) from None


def _mistake(error: Any) -> UserError:
    text = _SPACE.sub(" ", str(error.format_message()))
    command = "liqmon" if error.ctx is None else error.ctx.command_path
    hint = f"see {command} --help"
    for option, variable in _SECRETS.items():
        if text.startswith(f"No such option: {option}"):
            # an option would show it to everybody who lists the processes
            hint = f"it is a secret: use {variable} or the settings file; {hint}"
    meant = _MEANT.search(text)
    if meant is not None:
        names = (meant[1] or meant[2]).replace("'", "").split(", ")
        near = " or ".join(name for name in names if name != "--help")
        hint = f"did you mean {near}? {hint}" if near else hint
    return UserError(_plainly(text), hint=hint)


def _plainly(text: str) -> str:
    for pattern, words in _SAID:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return _CUT.sub("", " ".join(match.expand(words).split()))
    return _CUT.sub("", text[:1].lower() + text[1:])
