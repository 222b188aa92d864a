"""How answers are written: JSON straight to bytes, and the ETag of what may be edited.

Decides nothing about what is answered.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel

from app.errors import Stale


def etag(version: int) -> str:
    """The ETag of a row at this version."""
    return f'"{version}"'


def unchanged(if_match: str | None, version: int) -> None:
    """Raises `Stale` where the caller wants to change another version than the one that stands."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag(version) not in [given.strip() for given in if_match.split(",")]:
        raise Stale("It has changed since you read it. Read it again.")


def written(shape: type[BaseModel], value: Mapping[str, Any], *, status: int = 200) -> Response:
    """A JSON response of a shape, as bytes that can be kept and sent again."""
    return Response(shape.model_validate(value).model_dump_json(), status_code=status, media_type="application/json")


def raw(value: Any, *, status: int = 200) -> Response:
    """A JSON response of plain values; for the hot path."""
    return Response(orjson.dumps(value), status_code=status, media_type="application/json")
