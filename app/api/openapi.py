"""The API's description of itself, completed by what the door does: keys, roles, problems, limits.

Decides what is documented, from the same access table that decides who may. `python -m app.api.openapi` prints it;
`--check` compares it with `docs/openapi.json` and says what differs.
"""

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib import metadata
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from app import registry
from app.api.shapes import Problem
from app.db import ROOT
from app.deps import Access
from app.deps.problems import MEDIA_TYPE
from channels.base import Config

TITLE: Final = "Raabta"
SNAPSHOT: Final = ROOT / "docs" / "openapi.json"
DESCRIPTION: Final = """Every call, email and visit becomes one interaction, is given to the right representative, and stays open until the
customer says it is solved.

Send your key as `Authorization: Bearer KEY`. Errors are RFC 9457 problems with a stable `code`. Lists are
`{"items", "next"}`: send `next` as `after`. Times are RFC 3339 in UTC. Repeated PUTs answer 200 with the same body; a POST
takes an `Idempotency-Key`. `reason` and `outcome` are codes, not sentences: they are kept for ever."""
WHEN: Final = {
    400: "The body is not readable.",
    401: "No key, or one that is unknown or revoked.",
    403: "This key may not do that; or a signature is wrong.",
    404: "There is no such thing, or you may not know of it.",
    409: "The state of things does not allow it (any more); see `code`.",
    412: "It has changed since you read it.",
    413: "The body is too large.",
    415: "The body is of another content type than this door takes.",
    422: "The shape is wrong; `errors` says where.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "The database is away or we are stopping; nothing was written. `Retry-After` says when to try again.",
}


def describe(routes: Sequence[BaseRoute], access: Mapping[tuple[str, str], Access]) -> dict[str, Any]:
    """The whole document, for the API's routes; pages keep themselves out of it."""
    document = get_openapi(title=TITLE, version=version(), description=DESCRIPTION, routes=routes)
    components = document.setdefault("components", {})
    schemas = components["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    components["responses"] = {f"Problem{status}": _problem(status, text) for status, text in WHEN.items()}
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            row = access.get((method.upper(), path), Access(roles=None))
            _complete(operation, method.upper(), path, row)
    return document


def _complete(operation: dict[str, Any], method: str, path: str, row: Access) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    for status in _problems(operation, method, path, row):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))
    if row.roles is not None:
        operation["security"] = [{"key": []}]
        operation["x-roles"] = sorted(row.roles)


def _problems(operation: Mapping[str, Any], method: str, path: str, row: Access) -> list[int]:
    """Which problems an operation may answer with."""
    found = {422, 503}
    if path.startswith("/v1/") and row.roles is not None:
        found |= {401, 403, 429}
    if row.roles is None and row.media_type is not None:
        found |= {403, 429}
    if "{" in path or path in ("/v1/interactions", "/v1/cases"):  # of one customer, who must be known
        found.add(404)
    if "requestBody" in operation:
        found |= {400, 413, 415}
    if method != "GET":
        found |= {404, 409, 413}
    if any(each["name"] == "If-Match" for each in operation.get("parameters", ())):
        found.add(412)
    return sorted(found)


def _problem(status: int, text: str) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status in (429, 503):
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "string"}}
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": {400: "unreadable", 401: "unauthenticated", 404: "not_found", 409: "offer_gone"}.get(status, "…"),
        "detail": text,
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": text, "content": content, **({"headers": headers} if headers else {})}


def version() -> str:
    """The version of the installed package; "0" where it was never installed."""
    try:
        return metadata.version("raabta")
    except metadata.PackageNotFoundError:
        return "0"


def main(arguments: list[str]) -> int:
    """Print the document, or with `--check` how it differs from the one checked in (then 1)."""
    from app.api import routes, table

    channels = registry.discover(None, Config(public_base_url="", settings={}))
    now = json.dumps(describe(routes(channels), table(channels)), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        sys.stdout.write(now)
        return 0
    known = SNAPSHOT.read_text(encoding="utf-8")
    change = list(difflib.unified_diff(known.splitlines(), now.splitlines(), "checked in", "now", n=1, lineterm=""))
    sys.stdout.write("\n".join([*change[:60], ""]) if change else "")
    return 1 if change else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
