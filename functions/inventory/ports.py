"""What inventory needs of a context it may not know; `app.py` connects the two."""

from typing import Protocol

from entrepot.cloud.writes import Write


class SkuOwners(Protocol):
    """Whoever knows which merchant a SKU belongs to: the catalogue."""

    def owned_by(self, sku: str, merchant_id: str) -> Write:
        """A check that holds while the SKU is this merchant's. Raises, at commit: NotFound."""


_connected: list[SkuOwners] = []


def connect(owners: SkuOwners) -> None:
    """Say who knows the owners of SKUs; the last one counts."""
    _connected[:] = [owners]


def owners() -> SkuOwners:
    assert _connected, "nobody is connected who knows the owners of SKUs (inventory.ports.connect)"
    return _connected[0]
