"""Twilio's REST API, the two calls of it we make.

Decides what its answers mean for us: whose fault, and whether trying again makes sense. It never decides when to try.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import httpx2

from channels.base import Refused, Unavailable

_TIMEOUTS: Final = httpx2.Timeout(10.0, connect=5.0, pool=5.0)
_NOT_IN_PROGRESS: Final = 21220  # Twilio's code: the call has ended
_TOO_MANY: Final = 429
_NOBODY_KNOWS: Final = frozenset({502, 504})  # something between us and them gave up waiting


class Calls:
    """The calls of one account. Open it with `async with`."""

    def __init__(self, *, api_url: str, account_sid: str, auth_token: str) -> None:
        self._folder = f"{api_url}/2010-04-01/Accounts/{quote(account_sid, safe='')}/Calls"
        self._client = httpx2.AsyncClient(auth=(account_sid, auth_token), timeout=_TIMEOUTS)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def carry_out(self, call: str, twiml: bytes) -> None:
        """Have a call in progress read another document. Raises Refused, Unavailable."""
        _raise_for(await self._update(call, {"Twiml": twiml.decode()}))

    async def hang_up(self, call: str) -> None:
        """End a call; one that has already ended is as good. Raises Refused, Unavailable."""
        answer = await self._update(call, {"Status": "completed"})
        if answer.status_code == httpx2.codes.NOT_FOUND or _twilio_code(answer) == _NOT_IN_PROGRESS:
            return
        _raise_for(answer)

    async def _update(self, call: str, form: dict[str, str]) -> httpx2.Response:
        try:
            return await self._client.post(f"{self._folder}/{quote(call, safe='')}.json", data=form)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unavailable("Twilio cannot be reached.") from error
        except httpx2.HTTPError as error:
            # The request was on its way: the call may have been changed.
            raise Unavailable("Twilio did not answer.", unknown=True) from error


def _raise_for(answer: httpx2.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if status == _TOO_MANY or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"Twilio answered {status}.", unknown=status in _NOBODY_KNOWS)
    code = _twilio_code(answer)
    raise Refused(
        f"Twilio refused: {status}, its code {code}.", code="call_over" if code == _NOT_IN_PROGRESS else "refused"
    )


def _twilio_code(answer: httpx2.Response) -> int | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, int) else None
