"""The samples beside this file: raw requests (`NAME.http`) and the signals each must give (`NAME.json`).

    POST /v1/channels/walk_in/visits
    Content-Type: application/json

    {"ref": ...}

A new sample of a signed channel needs a true signature: sign it with the token in the channel's `settings.json` for
`PUBLIC_BASE_URL`. To write the expected signals of a new sample, run `python -m tests.channels.sampling` and read them.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import channels
from channels.base import Channel, Config, House, RequestOption, Signal, Webhook

PUBLIC_BASE_URL = "https://raabta.example"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FOLDER = Path(__file__).parent / "samples"
HOUSE = House(
    name="Raabta House",
    languages=("en", "ur", "te"),
    requests=(
        RequestOption(
            code="claim",
            labels={"en": "Claim", "ur": "دعویٰ", "ur-Deva": "दावा", "te": "క్లెయిమ్"},
            children=(
                RequestOption(code="claim_new", labels={"en": "A new claim", "ur": "نیا دعویٰ", "te": "కొత్త క్లెయిమ్"}),
                RequestOption(code="claim_status", labels={"en": "How my claim stands"}),
            ),
        ),
        RequestOption(code="suggestion", labels={"en": "Suggestion", "ur": "تجویز", "te": "సూచన"}),
        RequestOption(code="inquiry", labels={"en": "Inquiry", "ur": "استفسار", "te": "విచారణ"}),
        RequestOption(code="information", labels={"en": "Information", "ur": "معلومات", "te": "సమాచారం"}),
    ),
    offices={"main": "Main office", "north": "Northern office"},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    channel: str
    name: str
    webhook: Webhook
    expected: Path

    def __str__(self) -> str:
        return f"{self.channel}/{self.name}"


def channel_names() -> list[str]:
    """Every folder under `channels/` that makes a channel."""
    folders = [module.name for module in pkgutil.iter_modules(channels.__path__) if module.ispkg]
    return [name for name in folders if hasattr(importlib.import_module(f"channels.{name}"), "create")]


def make(name: str, settings: Mapping[str, str] | None = None) -> Channel:
    """The channel with the settings its samples were made for, and others on top."""
    file = FOLDER / name / "settings.json"
    written: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    config = Config(public_base_url=PUBLIC_BASE_URL, settings={**written, **(settings or {})})
    made: Channel = importlib.import_module(f"channels.{name}").create(config)
    return made


def webhook(
    channel: str, hook: str, body: bytes, *, query: str = "", headers: Mapping[str, str] | None = None
) -> Webhook:
    return Webhook(
        hook=hook, path=f"/v1/channels/{channel}/{hook}", query=query, headers=headers or {}, body=body, house=HOUSE
    )


def samples() -> Iterator[Sample]:
    for file in sorted(FOLDER.glob("*/*.http")):
        head, _, body = file.read_bytes().partition(b"\n\n")
        request, *lines = head.decode("utf-8").split("\n")
        path, _, query = request.split(" ")[1].partition("?")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        channel, hook = file.parent.name, path.rsplit("/", 1)[1]
        yield Sample(
            channel=channel,
            name=file.stem,
            webhook=webhook(channel, hook, body, query=query, headers=headers),
            expected=file.with_suffix(".json"),
        )


def as_json(signals: list[Signal]) -> list[dict[str, Any]]:
    """The signals without what is left at its default."""
    return [
        {"signal": type(signal).__name__}
        | {
            field.name: json.loads(json.dumps(asdict(signal)[field.name]))
            for field in fields(signal)
            if getattr(signal, field.name) != _default(field)
        }
        for signal in signals
    ]


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _write_missing() -> None:
    for sample in samples():
        if not sample.expected.exists():
            found = as_json(list(make(sample.channel).receive(sample.webhook, now=NOW)))
            sample.expected.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    _write_missing()
