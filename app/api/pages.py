"""`/openapi.json` and `/docs`: the API's description of itself, for software and for people.

Decides how the description is shown: one plain page, without scripts and without anything from elsewhere.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.deps import Guarded

router = APIRouter(route_class=Guarded)
STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2330; }
summary { cursor: pointer; padding: .4rem 0; } details { border-bottom: 1px solid #d6dae2; }
code, pre { font: .9rem/1.45 ui-monospace, monospace; } pre { background: #f3f5f8; padding: .8rem; overflow-x: auto; }
b { display: inline-block; min-width: 4.5rem; } td, th { text-align: start; padding: .15rem 1rem .15rem 0; }
"""


@router.get("/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """The OpenAPI document."""
    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The same for people."""
    document = request.app.openapi()
    page = "".join(_page(document))
    return HTMLResponse(
        page,
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
    )


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style><main>'
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
    yield "".join(f"<p>{escape(part)}</p>" for part in info["description"].split("\n\n"))
    yield '<p><a href="/openapi.json">OpenAPI document</a></p>'
    tag = None
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("tags") != tag:
                tag = operation.get("tags")
                yield f"<h2>{escape((tag or ['other'])[0])}</h2>"
            yield from _operation(document, path, method, operation)
    yield "<h2>shapes</h2>"
    for name, shape in document["components"]["schemas"].items():
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(shape)}</details>'
    yield "</main></html>"


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code><td>{each['in']}<td>{escape(each.get('description', ''))}"
        for each in operation.get("parameters", [])
    ]
    if rows:
        yield f"<table><tr><th>name<th>in<th>{''.join(rows)}</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body, <code>{escape(kind)}</code>: {_shape(content.get('schema', {}))}</p>"
        yield _json(_example(document, content))
    yield "<table><tr><th>answer<th>"
    for status, answer in operation["responses"].items():
        shapes = " ".join(_shape(content.get("schema", {})) for content in answer.get("content", {}).values())
        yield f"<tr><td>{status}<td>{escape(answer.get('description', ''))} {shapes}"
    yield "</table></details>"


def _shape(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    return ""


def _example(document: dict[str, Any], content: dict[str, Any]) -> Any:
    if "example" in content:
        return content["example"]
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    examples = document["components"]["schemas"].get(name, {}).get("examples", [None])
    return examples[0]


def _json(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return f"<pre>{escape(text)}</pre>"
