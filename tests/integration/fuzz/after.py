"""What must hold whatever was asked: looked at after the events of a few cases have gone where they go."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from entrepot.cloud import aws, outbox
from entrepot.kernel.clock import utc_now
from functions.settlement import facade as settlement
from tests.integration.matrix.world import World
from tests.support import pump
from tests.support.documents import document

_PERSONAL: Final = (
    "email",
    "name",
    "phone",
    "line1",
    "line2",
    "city",
    "postal_code",
    "password",
    "holder",
    "iban",
    "number",
    "token",
)
_LONG_ENOUGH: Final = 8
_WORDS: Final = re.compile(r"[A-Za-z_./{} -]*")
"""What generated text may have taken from our own code, of which events and metrics are named as well."""


def delivered(most: int = 2000) -> Iterator[str]:
    """Hand everything on until nothing waits. Yields: what could not be."""
    handed = 0
    while handed < most:
        rows, messages = pump._unsent(), pump._waiting()
        if not rows and not messages:
            return
        for queue, body in messages:
            handed += 1
            pump.deliver(queue, body)  # a message nobody can read is dead-lettered; the log tells of a bug
        for row in rows:
            handed += 1
            for queue in pump.subscribers(row.event):
                if pump.deliver(queue, row.body):
                    yield f"{queue} refused {row.event}"
            outbox.mark_sent(row.pk, utc_now())
    yield "the events never end"


def broken(world: World) -> Iterator[str]:
    """Invariants that do not hold any more."""
    yield from _oversold(world)
    if not settlement.trial_balance(world.now).balanced:
        yield "the ledger is not in balance"


def _oversold(world: World) -> Iterator[str]:
    promised: dict[str, int] = {}
    for item in world.store.rows("inventory"):
        if item["pk"]["S"].startswith("stock#"):
            sku = item["pk"]["S"].removeprefix("stock#")
            available, reserved = int(item["available"]["N"]), int(item["reserved"]["N"])
            promised[sku] = promised.get(sku, 0) + reserved
            if available < 0 or reserved < 0:
                yield f"oversold: {sku} has {available} available and {reserved} reserved"
    held: dict[str, int] = {}
    for item in world.store.rows("inventory"):
        if item["sk"]["S"] == "reservation":
            reservation = document(item, "reservation")
            for pick in reservation["picks"] if reservation["status"] == "held" else ():
                left = pick["units"] - pick.get("returned", 0)
                held[pick["sku"]] = held.get(pick["sku"], 0) + left
    for sku in promised.keys() | held.keys():
        if promised.get(sku, 0) != held.get(sku, 0):
            yield f"{sku}: {promised.get(sku, 0)} units are reserved, and orders hold {held.get(sku, 0)}"


def logged(lines: list[str], secrets: set[str]) -> Iterator[str]:
    """What the log should not hold. Args: secrets: personal data and tokens that were sent or are kept."""
    for line in lines:
        told: dict[str, Any] = json.loads(line)
        if told.get("level") == "error":
            yield f"an error is logged: {told.get('event')} {told.get('error')} at {told.get('at')}"
        leaked = sorted(secret for secret in secrets if secret in line)
        if leaked:
            yield f"personal data is logged by {told.get('event') or 'a metric'}: {leaked}"


def personal(body: Any, inside: bool = False) -> Iterator[str]:
    """The values of a body that belong into no log."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from personal(value, any(word in str(name).lower() for word in _PERSONAL))
    elif isinstance(body, list):
        for value in body:
            yield from personal(value, inside)
    elif inside and isinstance(body, str) and len(body) >= _LONG_ENOUGH and not _WORDS.fullmatch(body):
        yield body


def known_secrets(world: World) -> set[str]:
    """Personal data and tokens of the world."""
    found = {"Anna Schmidt", "Torstraße", "anna@example.com"}
    for caller in world.callers.values():
        names = ("email", "token", "refresh", "key_text", "key_secret", "cart_token", "order_token")
        found |= {caller.own[name] for name in names if caller.own.get(name)}
        found |= {caller.token} if caller.token else set()
    return {secret for secret in found if len(secret) >= _LONG_ENOUGH} - {aws.name("app")}
