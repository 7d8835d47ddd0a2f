"""How a story ended: everything the tables and the provider hold, with ids and times taken out.

Two runs of the same story, whoever died in one of them, must end the same: an event lost or an effect twice differs.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from entrepot.cloud import aws, dynamo, seal
from functions.settlement import facade as settlement
from tests.support.documents import document
from tests.support.provider import Provider

_ID: Final = re.compile(r"\b([a-z]{2,4})_[0-9A-Za-z]{14,}(_secret_\w+)?")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_PASSING: Final = frozenset(("revision", "bucket", "at", "sequence"))
"""Fields that say how it came about, not how it ended."""


def ending(names: Mapping[str, str], provider: Provider) -> dict[str, Any]:
    """Everything that lasts. Args: names: ids by the name they go by in the story."""
    return {
        "orders": _orders(names),
        "lists": _lists(names),
        "payments": _documents("payments", "payment", "payment", names),
        "reservations": _documents("inventory", "reservation", "reservation", names),
        "stock": _stock(),
        "movements": _movements(names),
        "shipments": _documents("logistics", "shipment", "shipment", names),
        "entries": _documents("ledger", "entry", "entry", names),
        "statements": _documents("settlement", "statement", "statement", names),
        "pending": _count("settlement", "pending#"),
        "balances": _plain(_balances(), names),
        "events": _events(names),
        "keys": _count("idempotency", ""),
        "provider": _provider(provider, names),
    }


def trial_balance_findings() -> list[str]:
    """What is wrong with the ledger: sides that differ, or balances that are not the sum of their entries."""
    trial = settlement.trial_balance(datetime.now(UTC))
    wrong = [] if trial.balanced else ["debits and credits differ"]
    days = sorted(
        {item["sk"]["S"].split("#")[0] for item in _items("ledger") if item["pk"]["S"].startswith("journal#")}
    )
    recomputed = settlement.recomputed(datetime.fromisoformat(day).date() for day in days)
    if sorted(map(str, recomputed)) != sorted(map(str, trial.accounts)):
        wrong.append("the balances are not the sum of the entries")
    return wrong


def _items(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamo.call("Scan", TableName=aws.name(table))["Items"]
    return found


def _documents(table: str, sk: str, attribute: str, names: Mapping[str, str]) -> list[str]:
    found = (item for item in _items(table) if item["sk"]["S"] == sk)
    return sorted(_plain(document(item, attribute), names) for item in found)


def _orders(names: Mapping[str, str]) -> list[str]:
    """Orders with whom they go to and who placed them opened: what is sealed twice is never alike."""
    found = [document(item, "document") for item in _items("orders") if item["sk"]["S"] == "order"]
    opened = [{**order, **_opened(order, "ship_to"), **_opened(order, "contact")} for order in found]
    return sorted(_plain(order, names) for order in opened)


def _opened(order: Mapping[str, Any], field: str) -> dict[str, Any]:
    """What an order has sealed; one that has forgotten its buyer has nothing there."""
    sealed = order[field]
    return {field: seal.opened(sealed, f"orders.{field}", order["quote_id"]) if sealed else ""}


def _lists(names: Mapping[str, str]) -> list[str]:
    found = (item for item in _items("orders") if item["pk"]["S"].startswith("list#"))
    return sorted(
        _plain([item[field]["S"] for field in ("order_id", "status", "payment_status")], names)
        for item in found
    )


def _stock() -> dict[str, int]:
    buckets = [item for item in _items("inventory") if item["pk"]["S"].startswith("stock#")]
    return {field: sum(int(item[field]["N"]) for item in buckets) for field in ("available", "reserved")}


def _movements(names: Mapping[str, str]) -> list[str]:
    found = (item for item in _items("inventory") if item["pk"]["S"].startswith("movements"))
    return sorted(_plain(json.loads(item["movement"]["S"]), names) for item in found)


def _balances() -> list[Any]:
    trial = settlement.trial_balance(datetime.now(UTC))
    return [[each.account, each.currency, each.debits, each.credits] for each in trial.accounts]


def _events(names: Mapping[str, str]) -> list[str]:
    """Every event ever written; one not published yet says so."""
    return sorted(
        ("unsent " if "unsent_shard" in item else "") + _plain(json.loads(item["body"]["S"]), names)
        for item in _items("outbox")
    )


def _count(table: str, prefix: str) -> int:
    return sum(item["pk"]["S"].startswith(prefix) for item in _items(table))


def _provider(provider: Provider, names: Mapping[str, str]) -> list[str]:
    """Intents and refunds at the provider: what the buyers' cards really saw."""
    intents = provider.listed("payment_intents")
    refunds = provider.listed("refunds")
    return sorted(
        [
            *(_plain([i["metadata"]["order_id"], i["status"], i["amount_received"]], names) for i in intents),
            *(_plain([r["metadata"]["payment_id"], r["status"], r["amount"]], names) for r in refunds),
        ]
    )


def _plain(value: Any, names: Mapping[str, str]) -> str:
    """A document as text that two runs share: known ids by name, other ids by kind, no times, lists in one order."""
    text = json.dumps(_ordered(value), sort_keys=True, ensure_ascii=False)
    for found, name in names.items():
        text = text.replace(found.partition("_")[2], name)
    return _TIME.sub("<time>", _ID.sub(r"\1_…", text))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in value.items() if key not in _PASSING}
    if isinstance(value, list):
        return sorted((_ordered(each) for each in value), key=_rank)
    return value


def _rank(value: Any) -> str:
    return _TIME.sub("", _ID.sub("", json.dumps(value, sort_keys=True)))


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What one ending has and the other has not, part by part."""
    told = []
    for part, wanted in expected.items():
        if isinstance(wanted, list):
            missing, surplus = Counter(wanted), Counter(found[part])
            told += [f"{part}: {text} is missing" for text in (missing - surplus).elements()]
            told += [f"{part}: {text} is too much" for text in (surplus - missing).elements()]
        elif wanted != found[part]:
            told.append(f"{part}: {found[part]} instead of {wanted}")
    return told
