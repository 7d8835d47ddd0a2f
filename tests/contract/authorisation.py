"""Who may call what, as `authorisation.csv` says: written by hand from the API's description, row by row.

A cell: `allow`, for everybody's things and everybody who is named; `own`, for the caller's own things, another's being
answered as the column `foreign` says; `token`, for who brings the thing's own token; `signed`, for who signed the body;
`deny`.

The columns are for who is not signed in, a shopper, a merchant's owner, an operator and a machine with a merchant's API
key. `also` names the others that are let in as well, each as whom OTHERS says: a merchant's staff as its owner is, the
platform's as an operator is, `narrow` as a machine is. `all` are all staff. Who is not named there is answered as who
is not signed in, and refused where nobody is let in so.

`foreign` says how another's thing is answered: `404`; `absent`, a list without it; `unreachable`, no request can name
it; a status, to who has not signed; nothing, where the route knows no owner.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from entrepot.contracts.permissions import MERCHANT_ROLES, PLATFORM_ROLES, ROLES, UNENROLLED

Matrix = dict[tuple[str, str], dict[str, str]]
"""Its rows by method and shape of the path."""

ANONYMOUS: Final = "anonymous"
COLUMNS: Final = (ANONYMOUS, "shopper", "merchant", "operator", "service")
APPLICATION: Final = "application"
"""A third application with a shopper's leave for the scopes of APPLICATION_SCOPES alone."""
APPLICATION_SCOPES: Final = ("openid", "orders.list")
NARROW: Final = "narrow"
"""A machine whose API key has the scope NARROW_SCOPE alone."""
NARROW_SCOPE: Final = "orders.list"

OTHERS: Final = {
    **{role: "merchant" for role in MERCHANT_ROLES if role not in COLUMNS},
    **{role: "operator" for role in PLATFORM_ROLES if role not in COLUMNS},
    UNENROLLED: "operator",
    APPLICATION: "shopper",
    NARROW: "service",
}
"""Callers without a column of their own, and as whom they are answered where `also` names them."""

CALLERS: Final = (ANONYMOUS, *ROLES, UNENROLLED, APPLICATION, NARROW)
CELLS: Final = {"allow", "own", "token", "signed", "deny"}
FOREIGN: Final = {"404", "absent", "unreachable", "400", "401", ""}


def matrix() -> Matrix:
    """Every row, with a cell for each caller."""
    text = (Path(__file__).parent / "authorisation.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    read = {(row["method"], shape(row["path"])): row for row in rows}
    assert len(rows) == len(read), "a route stands twice in the matrix"
    for row in rows:
        row.update(cells_of_others(row))
    return read


def cells_of_others(row: Mapping[str, str]) -> dict[str, str]:
    """The cells that the column `also` stands for."""
    also = set((row["also"] or "").split())
    unknown = also - OTHERS.keys() - {"all"}
    assert not unknown, f"{row['method']} {row['path']}: nobody is called {sorted(unknown)}"
    staff = {role for role in OTHERS if role in ROLES} if "all" in also else set()
    named = staff | also
    return {who: row[as_whom] if who in named else row[ANONYMOUS] for who, as_whom in OTHERS.items()}


def shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{\w+\}", "{}", path)


def outcomes(row: Mapping[str, str], caller: str) -> tuple[str, str | None]:
    """What a caller's request is answered on their own thing, and on another's; None where there is no other's.

    `token`: 404, and let in with the thing's own token.
    """
    cell, foreign = row[caller], row["foreign"] or None
    refused = "401" if caller == ANONYMOUS else "403"
    if cell == "deny":
        return refused, foreign and refused
    if cell == "allow":
        return "allow", foreign and "allow"
    return ("token", "404") if cell == "token" else ("allow", foreign)
