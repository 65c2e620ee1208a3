"""Text of an environment variable as the type that its setting has."""

import json
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

__all__ = ["typed"]


def typed(text: str, annotation: object) -> object:
    """Return the text as a field of this type wants it, or as it is if that fails.

    What it is then is for the field itself to refuse.
    """
    base = _base(annotation)
    if get_origin(base) is tuple:
        return _typed_list(text, get_args(base)[0])
    if base not in (bool, int, float):
        return text
    try:
        return TypeAdapter[object](base).validate_python(text)
    except ValidationError:
        return text


def _typed_list(text: str, annotation: object) -> object:
    if not text.lstrip().startswith("["):
        parts = (part.strip() for part in text.split(","))
        return [typed(part, annotation) for part in parts if part]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _base(annotation: object) -> Any:
    """Return the type below ``Annotated`` and ``| None``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _base(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _base(next(arg for arg in get_args(annotation) if arg is not type(None)))
    return annotation
