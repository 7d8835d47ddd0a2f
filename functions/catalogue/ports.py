"""What the catalogue needs of its neighbours, whom it does not know; `app.py` connects them."""

from typing import Protocol

from entrepot.cloud.writes import Write


class Shelves(Protocol):
    """Where the units of a SKU lie."""

    def close_writes(self, sku: str) -> list[Write]:
        """The writes that let nothing be stored under a SKU that is removed.

        Raises, here or at commit: a refusal `stock_left` while units are there or reserved.
        """
        ...


class _Connections:
    shelves: Shelves | None = None


def connect(shelves: Shelves) -> None:
    _Connections.shelves = shelves


def shelves() -> Shelves:
    assert _Connections.shelves is not None, "app.py connects the shelves"
    return _Connections.shelves
