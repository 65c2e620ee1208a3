"""Facts in a text column: JSON that any reader can take."""

import json
from collections.abc import Mapping

__all__ = ["facts_from_text", "text_from_facts"]


def text_from_facts(facts: Mapping[str, object]) -> str:
    """Return the facts as JSON.

    Raises:
        TypeError: they hold something that JSON does not know.
        ValueError: they hold NaN or an infinity, which JSON does not know either.
    """
    # ASCII: an exchange can put a lone surrogate in a name, and UTF-8 cannot hold it
    return json.dumps(facts, allow_nan=False, separators=(",", ":"))


def facts_from_text(text: str) -> dict[str, object]:
    """Return what was written; a text that cannot be read is no facts at all.

    A row with such a text must still be delivered, in general words.
    """
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
