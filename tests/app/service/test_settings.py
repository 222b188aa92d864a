"""What the environment may say, and how a mistake in it is told."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.errors import CannotStart
from app.settings import Settings, described, load

KEY = "k7Jq2mZr9xWv4bTn8cLp3dHs"


def test_nothing_set_serves_on_loopback_with_our_own_database() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.dsn, settings.channels) == ("127.0.0.1", 8000, None, None)
    assert settings.on_loopback
    assert settings.base_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("RAABTA_PORT", "eight", "RAABTA_PORT: "),
        ("RAABTA_PORT", "70000", "RAABTA_PORT: "),
        ("RAABTA_ADMIN_KEY", "short", "RAABTA_ADMIN_KEY: must have at least 24 characters"),
        ("DATABASE_URL", "mysql://root:hunter2@host/db", "DATABASE_URL: must be postgresql://"),
        ("SMTP_URL", "http://u:hunter2@mail", "SMTP_URL: must be smtp://"),
        ("PUBLIC_BASE_URL", "raabta.example", "PUBLIC_BASE_URL: must be https://"),
        ("MAIL_ADDRESS", "nobody", "MAIL_ADDRESS: must be name@domain"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: "),
        ("POOL_SIZE", "0", "POOL_SIZE: "),
        ("RAABTA_PROT", "8000", "RAABTA_PROT: no such setting; did you mean RAABTA_PORT?"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, says: str
) -> None:
    monkeypatch.setenv(name, wrong)
    with pytest.raises(CannotStart) as refusal:
        load()
    assert refusal.value.detail.startswith(says)
    assert "\n" not in refusal.value.detail
    assert "hunter2" not in refusal.value.detail
    assert (refusal.value.code, refusal.value.exit_code) == ("wrong_setting", 2)


def test_an_empty_setting_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAABTA_PORT", "")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "")
    assert (load().port, load().twilio_auth_token) == (8000, None)


@pytest.mark.parametrize("secret", ["RAABTA_ADMIN_KEY", "TWILIO_AUTH_TOKEN"])
def test_a_weak_secret_is_refused_only_where_strangers_can_reach_us(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv(secret, "a" * 24)
    load()
    monkeypatch.setenv("RAABTA_HOST", "0.0.0.0")
    with pytest.raises(CannotStart, match=f"{secret}: too weak"):
        load()
    monkeypatch.setenv(secret, KEY)
    assert not load().on_loopback


@pytest.mark.parametrize("url", ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"])
def test_every_way_to_write_a_database_address_becomes_one(url: str) -> None:
    assert Settings(database_url=SecretStr(url)).dsn == "postgresql://u:p@h/d"


@pytest.mark.parametrize(("host", "ours"), [("::1", True), ("localhost", True), ("::", False), ("10.0.0.1", False)])
def test_loopback_is_recognised_in_every_spelling(host: str, ours: bool) -> None:
    assert Settings(host=host).on_loopback is ours


def test_channels_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANNELS", "phone, email,")
    assert load().channels == ("phone", "email")


def test_the_list_of_settings_explains_all_and_shows_no_secret() -> None:
    settings = Settings(
        admin_key=SecretStr(KEY), database_url=SecretStr("postgresql://u:hunter2@h/d"), channels=("a", "b")
    )
    rows = list(described(settings))
    assert [row.name for row in rows if not row.meaning] == []
    shown = {row.name: row.value for row in rows}
    assert KEY not in str(rows)
    assert "hunter2" not in str(rows)
    assert (shown["RAABTA_ADMIN_KEY"], shown["CHANNELS"], shown["RAABTA_PORT"]) == ("********", "a,b", "8000")


def test_a_variable_that_only_looks_like_a_field_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("port", "1")
    monkeypatch.setenv("pool_size", "not a number")
    assert load() == Settings()
