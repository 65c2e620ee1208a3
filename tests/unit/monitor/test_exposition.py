"""The two pages, over real HTTP on loopback."""

import socket

import aiohttp
import pytest

from liqmon.errors import ConfigError
from liqmon.monitor.exposition import serving


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


async def got(url: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        kind = answer.headers["Content-Type"]
        return answer.status, kind, await answer.text()


@pytest.mark.parametrize("host", ["127.0.0.1:", ":", "", "localhost:"])
async def test_both_pages_are_served_on_this_machine(host: str) -> None:
    port = free_port()
    health = [(True, "2 of 2"), (False, "0 of 2")]

    def page(accept: str) -> tuple[bytes, str]:
        return b"up 1\n", f"text/plain; accept={accept.replace('*', '')}"

    async with serving(f"{host}{port}", page=page, health=lambda: health.pop(0)):
        status, kind, text = await got(f"http://127.0.0.1:{port}/metrics")
        assert (status, text) == (200, "up 1\n")
        assert kind.startswith("text/plain")
        good = await got(f"http://127.0.0.1:{port}/healthz")
        bad = await got(f"http://127.0.0.1:{port}/healthz")
        nothing = await got(f"http://127.0.0.1:{port}/")

    assert (good[0], good[2]) == (200, "2 of 2\n")
    assert (bad[0], bad[2]) == (503, "0 of 2\n")
    assert nothing[0] == 404


async def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError) as refused:
            async with serving(
                address, page=lambda _: (b"", ""), health=lambda: (True, "")
            ):
                pytest.fail("it was served")

    assert str(refused.value) == (
        f"cannot serve metrics at {address}: address already in use"
    )
    assert "--metrics" in refused.value.hint


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1:0", "cannot serve metrics at 192.0.2.1:0: cannot assign requested"),
        (
            "a..b:0",
            "cannot serve metrics at a..b:0: no such host",
        ),
        ("nowhere", "metrics: 'nowhere' is no address to listen at"),
    ],
)
async def test_an_address_that_cannot_be_had_is_an_error_of_the_user(
    address: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        async with serving(
            address, page=lambda _: (b"", ""), health=lambda: (True, "")
        ):
            pytest.fail("it was served")
