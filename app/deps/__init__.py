"""What every request may count on: a door, a transaction, who asks, and errors told in one form.

Decides nothing about any resource. Pages and API share it; neither needs the other.
"""

from app.deps.edge import Edge
from app.deps.guard import COOKIE, Guarded, admit, cookie_key
from app.deps.idempotency import Once, OnceDep, OptionalKey
from app.deps.keyring import csrf_token
from app.deps.problems import problem, tell_all
from app.deps.service import Access, Service
from app.deps.session import ActorDep, ConnectionDep, NowDep, ReadingDep, ServiceDep, SessionDep

__all__ = [
    "COOKIE",
    "Access",
    "ActorDep",
    "ConnectionDep",
    "Edge",
    "Guarded",
    "NowDep",
    "Once",
    "OnceDep",
    "OptionalKey",
    "ReadingDep",
    "Service",
    "ServiceDep",
    "SessionDep",
    "admit",
    "cookie_key",
    "csrf_token",
    "problem",
    "tell_all",
]
