"""A cart: SKUs and quantities. The server owns every price; what is kept of one is only to notice its change."""

from dataclasses import dataclass, replace
from typing import Final

from entrepot.kernel.money import Money
from entrepot.kernel.refusals import Kind, Refusal

MOST_LINES: Final = 30
MOST_UNITS: Final = 999


class TooManyLines(Refusal):
    code = "too_many_lines"
    kind = Kind.RULE
    title = f"An order has at most {MOST_LINES} distinct SKUs."


class EmptyCart(Refusal):
    code = "empty_cart"
    kind = Kind.RULE
    title = "There is nothing in the cart."


@dataclass(frozen=True, slots=True)
class CartLine:
    """`seen_price` is the unit price when the line was last set."""

    sku: str
    quantity: int
    seen_price: Money


@dataclass(frozen=True, slots=True)
class Cart:
    cart_id: str
    member_id: str | None
    token_hash: str
    lines: tuple[CartLine, ...]
    revision: int

    def with_line(self, sku: str, quantity: int, price: Money) -> "Cart":
        """The cart with `sku` at `quantity`, in its old place or last.

        Raises: TooManyLines.
        """
        line = CartLine(sku, quantity, price)
        if any(held.sku == sku for held in self.lines):
            return replace(self, lines=tuple(line if held.sku == sku else held for held in self.lines))
        if len(self.lines) >= MOST_LINES:
            raise TooManyLines(field="sku", limit=MOST_LINES)
        return replace(self, lines=(*self.lines, line))

    def without(self, sku: str) -> "Cart":
        return replace(self, lines=tuple(line for line in self.lines if line.sku != sku))

    def merged(self, other: "Cart") -> "Cart":
        """This cart with the lines of `other`: quantities of one SKU are added, up to the most a line holds.

        Raises: TooManyLines.
        """
        cart = self
        held = {line.sku: line.quantity for line in self.lines}
        for line in other.lines:
            quantity = min(MOST_UNITS, held.get(line.sku, 0) + line.quantity)
            cart = cart.with_line(line.sku, quantity, line.seen_price)
        return cart
