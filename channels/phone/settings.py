"""What the phone channel is told when it starts.

Decides names, defaults and what cannot work. Everything else about a call is decided while it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from channels.addresses import DEFAULT_REGION, REGION_SETTING
from channels.base import Config, Setting
from channels.phone.voices import Voice, read_voices

API_URL: Final = "https://api.twilio.com"
_NOWHERE: Final = "http://localhost"  # where nobody says how the world reaches us, Twilio does not
_RING_SECONDS: Final = range(5, 121)
SETTINGS: Final[Mapping[str, Setting]] = {
    "TWILIO_AUTH_TOKEN": Setting(
        meaning="signs the webhooks and opens the REST API; without it every webhook is refused"
    ),
    "TWILIO_ACCOUNT_SID": Setting(meaning="the account; without it commands are written to the console"),
    "TWILIO_API_URL": Setting(meaning="where the REST API is", default=API_URL),
    "TWILIO_CALLER_ID": Setting(meaning="the number representatives see; the customer's own where not given"),
    "TWILIO_RING_SECONDS": Setting(meaning="how long a representative's phone rings, 5 to 120", default="20"),
    "TWILIO_MUSIC_URL": Setting(
        meaning="a sound of 20 to 30 seconds, played between announcements; silence where not given"
    ),
    "TWILIO_VOICES": Setting(meaning="other voices than ours: ur=ur-IN:Google.ur-IN-Chirp3-HD-Leda,te=…"),
    "PHONE_REGION": REGION_SETTING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The same, read. URLs have no slash at their end."""

    public_base_url: str
    auth_token: str | None = field(default=None, repr=False)
    account_sid: str | None = None
    api_url: str = API_URL
    caller_id: str | None = None
    ring_seconds: int = 20
    music_url: str | None = None
    voices: Mapping[str, Voice] = field(default_factory=dict)
    region: str = DEFAULT_REGION

    def url(self, hook: str, query: str = "") -> str:
        """Where Twilio finds a hook of ours."""
        return f"{self.public_base_url}/v1/channels/phone/{hook}" + (f"?{query}" if query else "")


def read_settings(config: Config) -> Settings:
    """The settings from the environment's text. Raises ValueError with one plain line."""
    given = {name: value.strip() for name, value in config.settings.items() if value.strip()}
    if "TWILIO_ACCOUNT_SID" in given and "TWILIO_AUTH_TOKEN" not in given:
        raise ValueError("TWILIO_ACCOUNT_SID is set, so TWILIO_AUTH_TOKEN must be set too.")
    return Settings(
        public_base_url=_url("PUBLIC_BASE_URL", config.public_base_url or _NOWHERE),
        auth_token=given.get("TWILIO_AUTH_TOKEN"),
        account_sid=given.get("TWILIO_ACCOUNT_SID"),
        api_url=_url("TWILIO_API_URL", given.get("TWILIO_API_URL", API_URL)),
        caller_id=given.get("TWILIO_CALLER_ID"),
        ring_seconds=_ring_seconds(given.get("TWILIO_RING_SECONDS", "20")),
        music_url=_url("TWILIO_MUSIC_URL", given["TWILIO_MUSIC_URL"]) if "TWILIO_MUSIC_URL" in given else None,
        voices=read_voices(given.get("TWILIO_VOICES", "")),
        region=given.get("PHONE_REGION", DEFAULT_REGION),
    )


def _url(name: str, text: str) -> str:
    parts = urlsplit(text)
    try:
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError:  # a port that is no number: Twilio's validator would stumble over it with every call
        wrong = True
    if wrong:
        raise ValueError(f"{name} must be an address that begins with https:// or http://.")
    return text.rstrip("/")


def _ring_seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in _RING_SECONDS:
        raise ValueError("TWILIO_RING_SECONDS must be a number from 5 to 120.")
    return int(text)
