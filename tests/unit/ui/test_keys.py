import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from liqmon.ui import keys as keys_module
from liqmon.ui.keys import Keys


def told(*pieces: bytes) -> list[str]:
    """Return the keys that these pieces are, each read by itself."""
    heard: list[str] = []
    with a_loop() as loop:
        keys = Keys(heard.append)
        for piece in pieces:
            keys._feed(loop, keys._decoder.decode(piece))
        if keys._begun:
            keys._flush()
    return heard


@contextmanager
def a_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        ([b"qQ"], ["q", "Q"]),
        ([b"\x1b[A\x1bOBjk"], ["up", "down", "j", "k"]),
        ([b"\x1b[5~\x1b[6~ "], ["pgup", "pgdn", " "]),
        ([b"\x1b[H\x1b[4~"], ["home", "end"]),
        ([b"\r\n\x7f\b"], ["enter", "enter", "backspace", "backspace"]),
        ([b"\x1b"], ["esc"]),
        ([b"\x1b\x1b[A"], ["esc", "up"]),
        ([b"\x1b", b"[", b"A"], ["up"]),
        ([b"x\x1b[15~\xffy"], ["x", "y"]),
        ([b"\x1bq"], []),
        ([b"a\x1b[?62;4c\x1b[>1;95;0c\x1b[<0;10;10Mb"], ["a", "b"]),
        ([b"a\x1bP>|tmux 3.3a\x1b\\b\x1b]11;rgb:0/0/0\x07c"], ["a", "b", "c"]),
        ([b"\x1b]11;rgb:", b"0/0/0\x1b", b"\\a", b"\x1b[?62", b";4cb"], ["a", "b"]),
        ([b"\x1bPm"], ["m"]),
        (["币".encode()[:1], "币".encode()[1:]], ["币"]),
        ([b""], []),
    ],
    ids=repr,
)
def test_keys_are_told_apart_also_when_they_come_in_pieces(
    pieces: Sequence[bytes], keys: list[str]
) -> None:
    assert told(*pieces) == keys


async def test_esc_alone_is_told_after_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys_module, "_ESC_S", 0.001)
    heard: asyncio.Queue[str] = asyncio.Queue()
    keys = Keys(heard.put_nowait)

    keys._feed(asyncio.get_running_loop(), "a\x1b")

    assert heard.get_nowait() == "a"
    assert heard.empty()
    assert await heard.get() == "esc"


def test_a_terminal_that_is_gone_is_not_read_for_ever() -> None:
    read, write = os.pipe()
    os.close(write)
    heard: list[str] = []
    with a_loop() as loop:
        keys = Keys(heard.append)
        loop.add_reader(read, keys._read, loop, read)
        keys._read(loop, read)
        assert not loop.remove_reader(read)
    os.close(read)
