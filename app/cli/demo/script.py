"""Who comes, when, how and what they do: one busy hour, drawn from a seed.

Decides everything about the customers before the first one comes, so that the same seed plays the same hour. Never talks to the
service. Times are seconds of the play.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Way = Literal["phone", "email", "walk_in"]
Manner = Literal["stays", "hangs_up", "no_show", "returns", "writes_again"]

WAYS: Final[tuple[Way, ...]] = ("phone", "email", "walk_in")
SHARES: Final = (0.4, 0.35, 0.25)
MANNERS: Final[Mapping[Way, Sequence[tuple[Manner, float]]]] = {
    "phone": (("hangs_up", 0.12),),
    "email": (("writes_again", 0.15),),
    "walk_in": (("no_show", 0.1), ("hangs_up", 0.05), ("returns", 0.06)),
}
"""What some do; all others stay."""
REPEATED: Final = 0.15
"""How many reports come twice: providers repeat webhooks, kiosks and mail servers send again."""
REQUESTS: Final = {
    "claim_new": "A new claim", "claim_status": "How my claim stands", "suggestion": "Suggestion", "inquiry": "Inquiry",
    "order_new": "A new order", "order_change": "Change or cancel an order", "information": "Information",
    "installation": "Installation", "repair": "Repair",
}  # fmt: skip
"""Request types of the sample office, and what a letter about one is called."""
LETTERS: Final = {
    "en": "I have a question about this. Please answer when you can.",
    "ur": "مجھے اس بارے میں ایک سوال ہے۔ براہِ کرم جلد جواب دیجیے۔",
    "te": "దీని గురించి నాకు ఒక ప్రశ్న ఉంది. దయచేసి త్వరగా సమాధానం ఇవ్వండి.",
}
LANGUAGES: Final = tuple(LETTERS)
OFFICES: Final = ("lahore", "hyderabad")
NAMES: Final = (
    "Zainab",
    "Kiran",
    "Ahmad",
    "Padma",
    "Yusuf",
    "Sita",
    "Maryam",
    "Arjun",
    "Hina",
    "Suresh",
    "Rukhsar",
    "Gopal",
)
NEEDS: Final = ((), (), (), (), ("elderly",), ("disability",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One customer's plan. `ref` names the contact for ever; `patience_seconds` is how long who hangs up waits before."""

    ref: str
    way: Way
    manner: Manner
    at_seconds: float
    service_seconds: float
    patience_seconds: float
    repeated: bool
    request_type: str
    language: str
    office: str
    name: str
    phone: str
    needs: tuple[str, ...]
    seed: int

    @property
    def email(self) -> str:
        """Where the customer's letters come from."""
        return f"{self.name.lower()}.{self.seed % 100_000}@customers.example"


def script(*, contacts: int, seconds: float, seed: int) -> list[Contact]:
    """The customers, in the order in which they come. They come in waves: twice an hour more than anybody can serve."""
    chance = random.Random(seed)  # noqa: S311 - a play, not a secret
    times = sorted(_moment(chance) * seconds for _ in range(contacts))
    return [_contact(chance, number, at, seed) for number, at in enumerate(times)]


def _moment(chance: random.Random) -> float:
    """A fraction of the play: half of all come evenly, the others around a third and two thirds."""
    if chance.random() < 0.5:
        return chance.random()
    return min(0.99, max(0.0, chance.gauss(chance.choice((0.3, 0.68)), 0.05)))


def _contact(chance: random.Random, number: int, at_seconds: float, seed: int) -> Contact:
    way = chance.choices(WAYS, SHARES)[0]
    return Contact(
        ref=f"demo-{seed}-{number:05}",
        way=way,
        manner=_manner(chance, way),
        at_seconds=at_seconds,
        service_seconds=min(8.0, chance.lognormvariate(0.7, 0.5)),
        patience_seconds=chance.uniform(0.2, 6.0),
        repeated=chance.random() < REPEATED,
        request_type=chance.choice(list(REQUESTS)),
        language=chance.choice(LANGUAGES),
        office=chance.choice(OFFICES),
        name=chance.choice(NAMES),
        phone=f"+9230{chance.randrange(10**8):08}",
        needs=chance.choice(NEEDS),
        seed=chance.randrange(2**31),
    )


def _manner(chance: random.Random, way: Way) -> Manner:
    drawn = chance.random()
    for manner, share in MANNERS[way]:
        if drawn < share:
            return manner
        drawn -= share
    return "stays"
