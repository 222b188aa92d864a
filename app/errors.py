"""What can go wrong, in the words a caller may build on.

Decides the stable `code` and the HTTP status of every error the shell raises on purpose. Never formats a response (the API
does, as RFC 9457 problem+json) and never carries names, numbers or text of customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class RaabtaError(Exception):
    """Base of all errors raised on purpose.

    `code` is stable and snake_case: integrations compare it. `detail` is one sentence for a person. `errors` lists single
    faults (`{"where": "body.phone", "detail": "…"}`); `retry_after_seconds` says when trying again may help; `members` is
    what a problem of one kind tells besides (RFC 9457: extension members).
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, object]] = (),
        retry_after_seconds: float | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = tuple(errors)
        self.retry_after_seconds = retry_after_seconds
        self.members = members or {}


class Unreadable(RaabtaError):
    """The bytes are not what their content type says: broken JSON."""

    status = 400
    default_code = "unreadable"


class Unauthenticated(RaabtaError):
    """We do not know who asks: no key, an unknown key or a revoked one."""

    status = 401
    default_code = "unauthenticated"


class Forbidden(RaabtaError):
    """We know who asks, and they may not; also a webhook whose signature is wrong."""

    status = 403
    default_code = "forbidden"


class NotFound(RaabtaError):
    """There is no such thing, or the caller may not know that there is."""

    status = 404
    default_code = "not_found"


class Conflict(RaabtaError):
    """The request is well formed, but the state of things does not allow it (any more)."""

    status = 409
    default_code = "conflict"


class Stale(RaabtaError):
    """The thing has changed since the caller read it (`If-Match`)."""

    status = 412
    default_code = "stale"


class TooLarge(RaabtaError):
    """The body is over the limit."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(RaabtaError):
    """The body is of a content type this door does not take."""

    status = 415
    default_code = "unsupported_media_type"


class Invalid(RaabtaError):
    """The shape is wrong: a missing field, a wrong type, a letter PostgreSQL cannot store."""

    status = 422
    default_code = "invalid"


class TooMany(RaabtaError):
    """The caller is over its rate limit; always has `retry_after_seconds`."""

    status = 429
    default_code = "too_many_requests"


class Unavailable(RaabtaError):
    """The database is away or we are stopping: nothing was written, try again; always has `retry_after_seconds`."""

    status = 503
    default_code = "unavailable"


class CannotStart(RaabtaError):
    """A command cannot begin: wrong setting, port taken, database unreachable, folder already served.

    The command line prints `detail` as its only line and ends with `exit_code`.
    """

    default_code = "cannot_start"
    exit_code: ClassVar[int] = 2


class FolderInUse(CannotStart):
    """Another service already serves this data folder."""

    default_code = "folder_in_use"
