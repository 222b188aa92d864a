"""A customer's own page: how their matter stands, what was promised, and where they answer. It works without a script.

Decides which doors it has. The link is all that is asked for: whoever holds it reads the page and speaks on it. Reading changes
nothing and no link votes, since programs that check letters follow every link; only a form that is sent does anything.
"""

from app.web.customer import reading, speaking, words
from app.web.customer.access import ACCESS

ROUTERS = (reading.router, words.router, speaking.router)

__all__ = ["ACCESS", "ROUTERS"]
