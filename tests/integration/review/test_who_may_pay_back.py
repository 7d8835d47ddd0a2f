"""Money that goes back: who may send it, and a payment that is no longer wanted."""

from functions.payments import facade as payments
from tests.integration.orders.bazaar import Bazaar, meanwhile, money


def test_free_amounts_are_the_operators(bazaar: Bazaar) -> None:
    placed = bazaar.paid({"PHONES-1": 1})

    merchants = bazaar.refund(placed, bazaar.shenzhen.token, amount=money(100))
    operators = bazaar.refund(placed, bazaar.operator, amount=money(100))

    assert (403, "forbidden", 201) == (merchants.status, merchants.code, operators.status)


def test_an_intent_is_let_go_once_the_provider_is_there_again(bazaar: Bazaar) -> None:
    placed = bazaar.place({"PHONES-1": 1})

    def unreachable() -> None:
        bazaar.provider.control("faults", mode="unavailable", times="1")

    with meanwhile(payments, "cancel_intent", before=unreachable):
        assert 200 == bazaar.cancel(placed).status
    assert ["requires_payment_method"] == [intent["status"] for intent in bazaar.intents()]
    bazaar.hear()

    assert ["canceled"] == [intent["status"] for intent in bazaar.intents()]
    assert ("cancelled", "none") == bazaar.status(placed)
