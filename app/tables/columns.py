"""What columns are made of: types, defaults and the names of constraints. Decides no table."""

from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType
from sqlmodel import SQLModel
from typing_extensions import override


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    @override
    def get_col_spec(self, **_: object) -> str:
        return "xid8"


SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

MOMENT: Any = DateTime(timezone=True)
TEXTS: Any = ARRAY(Text)
NOW = {"server_default": text("wall_clock()")}
EMPTY_OBJECT = {"server_default": text("'{}'::jsonb")}
EMPTY_LIST = {"server_default": text("'{}'::text[]")}
EMPTY_ARRAY = {"server_default": text("'[]'::jsonb")}
ZERO = {"server_default": text("0")}
FALSE = {"server_default": text("false")}


def one_of(column: str, values: list[str] | tuple[str, ...], *, name: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)
