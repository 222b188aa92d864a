"""The pages: what a person needs to serve, as plain HTML forms that also live by themselves where there is JavaScript.

Decides which pages there are and who may open them. Never writes: everything goes through `app.actions`.
"""

from app.web.access import ACCESS
from app.web.routes import routes

__all__ = ["ACCESS", "routes"]
