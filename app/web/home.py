"""`/`: what runs here, and where to go. Asks no key and reads nothing."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Request, Response

from app.web.page import Page, render

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/")
async def home(request: Request) -> Response:
    """A signpost."""
    return render(request, "home.html", version=_version())


def _version() -> str:
    try:
        return version("raabta")
    except PackageNotFoundError:
        return "0"
