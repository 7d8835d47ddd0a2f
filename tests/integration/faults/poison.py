"""Messages that nobody can take: no JSON, no event that is known, an event of a version that is not."""

import json
from typing import Any, Final

import msgspec

_NOWHERE: Final = "0" * 26

_PREFIXES: Final = {
    "event_id": "evt",
    "order_id": "ord",
    "payment_id": "pay",
    "member_id": "mbr",
    "merchant_id": "mrc",
    "shipment_id": "shp",
    "refund_id": "rfd",
}
_SAID: Final[dict[str, Any]] = {
    "occurred_at": "2026-11-26T10:00:00Z",
    "scanned_at": "2026-11-26T10:00:00Z",
    "kept_until": "2036-12-31",
    "booked_on": "2026-11-26",
    "currency": "EUR",
    "provider": "stripe",
    "channel": "email",
    "purpose": "sign-in",
    "status": "delivered",
    "previous_status": "in_transit",
    "outcome": "lost",
}

_PLAIN: Final = {
    "payments-webhooks": 'stripe {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": 7}',
    "logistics-scans": '{"scans": "none"}',
    "settlement-runs": '{"stamps": []}',
}


def poisons(queue: str) -> list[str]:
    """Each fails whatever is done with it, and must keep no other message from being taken."""
    found = ['{"event": "no JS']
    handlers = _handlers(queue)
    if handlers:
        kind = min(handlers, key=lambda each: str(each.NAME))
        found += [
            event(kind, version=99),
            json.dumps({"event": "nobody.knows_it", "version": 1, "event_id": "evt_1"}),
        ]
    else:
        found.append(_PLAIN.get(queue, '{"nothing": "of ours"}'))
    return found


def _handlers(queue: str) -> Any:
    import app

    (found,) = (
        trigger.handlers
        for triggers in app.TRIGGERS
        for trigger in triggers.all
        if trigger.source == queue and trigger.name == queue.replace("-", "_")
    )
    return found


def event(kind: Any, version: int) -> str:
    """An event of that kind, of whatever version, about things that nobody has heard of."""
    fields = {each.name: _value(each) for each in msgspec.structs.fields(kind) if each.required}
    return json.dumps({"event": kind.NAME, "version": version, **fields})


def _value(each: Any) -> Any:
    if each.name in _SAID:
        return _SAID[each.name]
    if each.type is str:
        return f"{_PREFIXES.get(each.name, 'xyz')}_{_NOWHERE}"
    return {int: 1, bool: False}.get(each.type, [])
