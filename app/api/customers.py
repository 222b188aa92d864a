"""`/v1/customers`: people, as far as they are known; and who a visitor without a name is. Decides nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from app.actions.cases.describe import describe_customer
from app.actions.customers.describe_visitor import Described, add_identities, make_customer, name_visitor, recognise
from app.actions.record import locked
from app.api import answers
from app.api.shapes import After, Email, Given, IfMatch, Language, Limit, Name, NeedCode, Page, PathId, Phone
from app.deps import ActorDep, Guarded, NowDep, OnceDep, ReadingDep, SessionDep
from app.errors import Invalid
from app.queries.customers import customers
from app.queries.readers import may_see_customer
from app.tables import Customer

router = APIRouter(prefix="/v1", tags=["customers"], route_class=Guarded)

NationalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{4,40}$")]


class Person(Given):
    """Who somebody is, as far as they say. A person without a name or an address is one, too."""

    name: Annotated[Name | None, Field(examples=["Amina Bibi"])] = None
    phone: Phone | None = None
    email: Email | None = None
    national_id: NationalId | None = None
    language: Language | None = None
    needs: list[NeedCode] = Field(default_factory=list, max_length=8)


class NewIdentities(Given):
    """More ways to know somebody."""

    phone: Annotated[Phone | None, Field(examples=["+923001234567"])] = None
    email: Email | None = None
    national_id: NationalId | None = None


class Visitor(Person):
    """Who a contact is from: a customer who is known, or what they say of themselves."""

    customer_id: Annotated[UUID | None, Field(description="Who is known; nothing else is said then.")] = None


class CustomerChange(Given):
    """What is said of a person. A field left out stays; null takes away what was said."""

    name: Name | None = None
    language: Language | None = None
    needs: list[NeedCode] = Field(default_factory=list, max_length=8)
    news_by: Annotated[
        Literal["message", "person"] | None,
        Field(description="Whether news come by themselves, or a person tells them; null: as the rules say."),
    ] = None


class IdentityView(BaseModel):
    """A way to recognise somebody."""

    kind: Literal["phone", "email", "national_id", "other"]
    value: str


class ProxyView(BaseModel):
    """Who may speak for whom, and how the customer agreed."""

    id: UUID
    customer_id: UUID
    proxy_id: UUID
    relation: str
    consent: str
    noted_at: datetime
    noted_by: str
    ended_at: datetime | None
    ended_by: str | None


class CustomerDetails(BaseModel):
    """A person, by all they are known as."""

    id: UUID
    name: str | None
    language: str | None
    needs: list[str]
    news_by: str | None
    state: Literal["known", "merged", "erased"]
    merged_into: UUID | None = Field(description="Who this person is known as now.")
    known_as: list[UUID] = Field(description="Every id of this person, the one that stands first.")
    identities: list[IdentityView]
    proxies: list[ProxyView] = Field(description="Who may speak for them.")
    speaks_for: list[ProxyView]
    cases: str
    history: str
    created_at: datetime
    version: int


@router.get("/customers", response_model=Page[CustomerDetails], summary="List customers, or find one")
async def listed(
    session: ReadingDep,
    phone: Annotated[Phone | None, Query(description="Who is known by this number.")] = None,
    email: Annotated[Email | None, Query(description="Who is known by this address.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """Newest first; those who were taken into another left out."""
    if phone is not None and email is not None:
        raise Invalid("Ask by the number or by the address.", code="two_identities")
    identity = ("phone", phone) if phone is not None else ("email", email) if email is not None else None
    items, following = await customers.page(session, identity=identity, after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("/customers", status_code=201, response_model=CustomerDetails, summary="Make a customer by hand")
async def make(body: Person, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep) -> Response:
    """409 `identity_known`, with `customer_id`: somebody is known by that already."""
    row = await make_customer(session, _described(body), actor=actor, now=now)
    return await once.keep(answers.written(CustomerDetails, await customers.view(session, row), status=201))


@router.get("/customers/{id}", response_model=CustomerDetails, summary="Read a customer")
async def read(customer_id: PathId, session: ReadingDep, actor: ActorDep, response: Response) -> dict[str, Any]:
    """A representative reads those they have served."""
    found = await customers.one(session, customer_id, reader=actor.representative)
    response.headers["ETag"] = answers.etag(found["version"])
    return found


@router.patch("/customers/{id}", response_model=CustomerDetails, summary="Say more of a customer")
async def describe(
    customer_id: PathId,
    body: CustomerChange,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Name, language, needs, how news reach them. 409: `already_merged`, `erased`."""
    await may_see_customer(session, customer_id, reader=actor.representative)
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Customer, customer_id)).version)
    row = await describe_customer(session, customer_id, body.model_dump(exclude_unset=True), actor=actor, now=now)
    return await _shown(session, row, response)


@router.put("/customers/{id}/identities", response_model=CustomerDetails, summary="One more way to know them")
async def identify(
    customer_id: PathId,
    body: NewIdentities,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
) -> dict[str, Any]:
    """409 `identity_known`: somebody else is known by that."""
    row = await add_identities(session, customer_id, _identities(body), actor=actor, now=now)
    return await _shown(session, row, response)


@router.put("/interactions/{id}/customer", response_model=CustomerDetails, summary="Who this visitor is")
async def visitor(
    interaction_id: PathId, body: Visitor, session: SessionDep, actor: ActorDep, now: NowDep, response: Response
) -> dict[str, Any]:
    """For a contact that came without a name. 409: `known_already`; `identity_known`: it may be that customer: say so."""
    if body.customer_id is None:
        row = await name_visitor(session, interaction_id, _described(body), actor=actor, now=now)
    elif len(body.model_fields_set) > 1:
        raise Invalid("Who is known is described where they stand.", code="two_people")
    else:
        row = await recognise(session, interaction_id, body.customer_id, actor=actor, now=now)
    return await _shown(session, row, response)


async def _shown(session: SessionDep, row: Customer, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = answers.etag(row.version)
    return await customers.view(session, row)


def _described(body: Person) -> Described:
    return Described(name=body.name, language=body.language, needs=body.needs, identities=_identities(body))


def _identities(body: Person | NewIdentities) -> Sequence[tuple[str, str]]:
    given = {"phone": body.phone, "email": body.email, "national_id": body.national_id}
    return [(kind, value) for kind, value in given.items() if value]
