"""Bitcoin on the deployed artefact: its policies, its secret and its webhooks are what they are on AWS."""

from typing import Any

from tests.support.e2e_market import Market, until


def test_an_order_is_paid_in_bitcoin_and_what_came_over_is_claimed(market: Market) -> None:
    sku = market.stocked(units=5)
    market.wait_quiet()
    before = market.balances().get(("psp:btcpay", "EUR"), 0)
    placed = market.placed(sku, "bitcoin")
    action = placed["payment"]["next_action"]
    invoice = action["url"].rpartition("/")[2]

    market.at_btcpay(f"invoices/{invoice}/pay", outcome="over")
    market.at_btcpay("webhooks/wait", seconds=30)
    until("the claim is open", lambda: bool(_claims(market, placed)))
    market.wait_quiet()

    order = market.order(placed)
    assert ("paid", "captured") == (order["status"], order["payment_status"])
    (claim,) = _claims(market, placed)
    held = placed["total"]["amount"] + claim["amount"]["amount"]
    assert ("over", "pending") == (claim["reason"], claim["status"])
    assert held == market.balances()[("psp:btcpay", "EUR")] - before
    assert 0 == market.dead_letters()


def _claims(market: Market, placed: Any) -> list[Any]:
    return [each for each in market.order(placed).get("claims", []) if each["url"]]
