"""A webhook that exists nowhere, and the forms of one that must be refused."""

import string

ID = "123456789012345678"
TOKEN = f"{string.ascii_letters}{string.digits}_-aBcD"
PATH = f"/api/webhooks/{ID}/{TOKEN}"
URL = f"https://discord.com{PATH}"

HOSTILE = {
    "http": f"http://discord.com{PATH}",
    "a longer host": f"https://discord.com.evil.io{PATH}",
    "user info": f"https://evil@discord.com{PATH}",
    "the host as user info": f"https://discord.com@evil.io{PATH}",
    "port 8443": f"https://discord.com:8443{PATH}",
    "port 99999": f"https://discord.com:99999{PATH}",
    "loopback": f"https://127.0.0.1{PATH}",
    "trailing slack": f"{URL}/slack",
    "dots in the path": f"https://discord.com/api/webhooks/../webhooks/{ID}/{TOKEN}",
    "a backslash": f"https://discord.com\\@evil.io{PATH}",
    "a Cyrillic homoglyph": f"https://disсord.com{PATH}",  # noqa: RUF001 - on purpose
    "a fragment": f"{URL}#x",
    "mapped IPv6": f"https://[::ffff:127.0.0.1]{PATH}",
    "empty": "",
    "not a url": "not a url",
    "an embedded newline": f"https://discord.com/api/webhooks/{ID}\n/{TOKEN}",
    "an encoded newline": f"{URL}%0d%0aHost:%20evil.io",
}
"""The seventeen forms of F03."""
