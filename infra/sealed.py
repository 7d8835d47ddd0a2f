"""Where sealed personal data lies in the tables, and how it is sealed anew: `python -m infra.sealed check | renew`.

A sealed text opens for one purpose and one record only (`entrepot.cloud.seal`), so who wants to open it from a row has
to know both. `RULES` says them for every field of every table; a sealed text that no rule knows stops the command that
meets it, instead of being left behind under a key that is about to go.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from entrepot.cloud import seal

Row = dict[str, Any]
"""A row in DynamoDB's own notation, as botocore gives it."""


class UnknownSeal(Exception):
    """A sealed text in a place that no rule knows."""


class UnboundSeal(Exception):
    """The row does not say the record that its sealed text is bound to."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a field is sealed. `of`: the name of the member beside it that holds the record; None for the row's key.

    `record` makes the record from the row's key where `of` is None.
    """

    table: str
    field: str
    purpose: str
    of: str | None = None
    record: Callable[[str, str], str] = lambda _pk, _sk: ""
    kind: str = ""  # what the row's range key begins with, where a field's name alone does not tell


def _member(pk: str, _sk: str) -> str:
    return pk.removeprefix("member#")


RULES: Final = (
    Rule("orders", "ship_to", "orders.ship_to", of="quote_id"),
    Rule("orders", "contact", "orders.contact", of="quote_id"),
    Rule("orders", "sealed", "importer_identity", of="identity_hash"),
    Rule("membership", "email", "membership.email", record=_member, kind="member"),
    Rule("membership", "nickname", "membership.nickname", record=_member, kind="member"),
    Rule("membership", "phone", "membership.phone", record=_member, kind="member"),
    Rule("membership", "sealed", "membership.address", record=lambda pk, sk: f"{pk}/{sk}", kind="address#"),
    Rule("membership", "contact", "membership-contact", kind="code#"),
    Rule("membership", "secret", "membership-totp", kind="totp"),
    Rule("membership", "held", "membership-flow", of="flow_id", kind="flow"),
    Rule("settlement", "sealed", "payout_destination", of="destination_id"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One sealed text of a row, and what it is bound to."""

    text: str
    purpose: str
    record: str


def documents(row: Row) -> Iterator[tuple[str, str]]:
    """Every attribute of a row that is text, or deflated text (ADR 80): its name and the text."""
    for name, typed in row.items():
        if "S" in typed:
            yield name, typed["S"]
        elif "B" in typed and (inflated := inflated_text(typed["B"])) is not None:
            yield name, inflated


def inflated_text(raw: bytes) -> str | None:
    """The text of a deflated document, None where the bytes are something else."""
    try:
        return zlib.decompress(raw).decode()
    except (zlib.error, UnicodeDecodeError):
        return None


def places(table: str, row: Row) -> list[Place]:
    """The sealed texts of a row.

    Raises: UnknownSeal, UnboundSeal.
    """
    found: list[Place] = []
    outer = {name: typed["S"] for name, typed in row.items() if "S" in typed}
    for name, text in documents(row):
        if not seal.texts_in(text):
            continue
        if seal.key_of(text):
            found.append(_placed(table, row, name, text, outer))
            continue
        found += [
            _placed(table, row, inner, sealed, beside)
            for inner, sealed, beside in _within(json.loads(text), outer)
        ]
        if len(found) < len(seal.texts_in(text)):
            raise UnknownSeal(
                f"{table}: {row['sk']['S'][:20]} {name} holds a sealed text inside another text"
            )
    return found


def renewed(row: Row, texts: Mapping[str, str]) -> Row:
    """The row with some texts in the place of others, wherever they stand in it."""
    after = dict(row)
    for name, text in documents(row):
        changed = replaced(text, texts)
        if changed != text:
            packed = "B" in row[name]
            after[name] = {"B": zlib.compress(changed.encode(), 1)} if packed else {"S": changed}
    return after


def replaced(text: str, texts: Mapping[str, str]) -> str:
    if not texts:
        return text
    return re.sub("|".join(map(re.escape, texts)), lambda found: texts[found[0]], text)


def _within(
    value: Any, beside: Mapping[str, Any], name: str = ""
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each sealed text of a document: the member's name, the text, and the members around it, the nearest first."""
    if isinstance(value, dict):
        nearer = {**beside, **{key: each for key, each in value.items() if isinstance(each, str)}}
        for key, each in value.items():
            yield from _within(each, nearer, key)
    elif isinstance(value, list):
        for each in value:
            yield from _within(each, beside, name)
    elif isinstance(value, str) and seal.key_of(value):
        yield name, value, beside


def _placed(table: str, row: Row, name: str, text: str, beside: Mapping[str, Any]) -> Place:
    pk, sk = row["pk"]["S"], row["sk"]["S"]
    for rule in RULES:
        if rule.table == table and rule.field == name and sk.startswith(rule.kind):
            if rule.of is None:
                return Place(text, rule.purpose, rule.record(pk, sk))
            if rule.of not in beside:
                raise UnboundSeal(
                    f"{table}: {sk[:20]} {name} is bound to a {rule.of} that the row does not say"
                )
            return Place(text, rule.purpose, beside[rule.of])
    raise UnknownSeal(f"{table}: no rule says how {name} of a row {sk[:20]} is sealed")
