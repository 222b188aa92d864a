"""`raabta demo`: a busy hour in about a minute, through the real edges."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import say
from app.errors import CannotStart

if TYPE_CHECKING:
    from app.cli.demo.world import Target


def demo(
    seconds: Annotated[float, typer.Option(help="how long customers come for", min=1)] = 60,
    contacts: Annotated[int, typer.Option(help="how many come", min=1, max=100_000)] = 240,
    seed: Annotated[int, typer.Option(help="the same seed plays the same hour")] = 1,
    plain: Annotated[bool, typer.Option("--plain", help="lines instead of a live table")] = False,
    url: Annotated[str | None, typer.Option(help="play on this service instead of a temporary one")] = None,
    keys: Annotated[Path | None, typer.Option(help="with --url: the keys file of its first start")] = None,
) -> None:
    """Play a busy hour: customers call, write and come; representatives take offers and serve; then the audit.

    Exits with 1 if a contact was lost, doubled or left behind. Plays on a temporary service unless --url names one that holds
    the sample office; its TWILIO_AUTH_TOKEN must then be in the environment, else nobody phones.
    """
    import asyncio
    import sys

    from app.cli.demo.play import play
    from app.cli.demo.script import script
    from app.cli.demo.service import temporary_service

    customers = script(contacts=contacts, seconds=seconds, seed=seed)
    with ExitStack() as stack:
        service = None
        if url is None:
            say("starting a service of our own for the play ...")
            service = stack.enter_context(temporary_service())
            target = service.target()
        else:
            target = _existing(url, keys)
        plain = plain or not sys.stdout.isatty()
        played = asyncio.run(play(target, customers, seed=seed, plain=plain))
        say(played.totals)
        failed = bool(played.faults)
        for fault in played.faults[:100]:
            say(fault)
        if service is not None:
            audited = service.run("audit")
            say(audited.stdout.strip() or audited.stderr.strip())
            failed = failed or audited.returncode != 0
        say("failed" if failed else "every contact was taken once and served to its end")
    if failed:
        raise typer.Exit(1)


def _existing(url: str, keys: Path | None) -> Target:
    from app.cli.demo.service import read_keys
    from app.cli.demo.world import Target
    from app.cli.first_run import keys_file
    from app.settings import load

    settings = load()
    token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else None
    found = read_keys(keys or keys_file(settings))
    if not {"SUPERVISOR_KEY", "INTEGRATION_KEY", "KIOSK_KEY"} <= found.keys():
        raise CannotStart(
            "--keys: there must be SUPERVISOR_KEY, INTEGRATION_KEY, KIOSK_KEY and the representatives' keys"
        )
    return Target(url=url, keys=found, twilio_token=token, public_url=settings.public_base_url)
