"""A member is one customer at the provider, whatever dies on the way, and none once they have left."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.cloud import aws, dynamo, reads, writes
from entrepot.contracts.events import encoded
from entrepot.contracts.membership import MemberErased
from entrepot.kernel.ids import new_id
from functions.payments import customer_store, customers, stripe_gateway
from functions.payments.domain.customer import Customer
from functions.payments.gateway import Declined, ProviderUnavailable
from tests.integration.payments.conftest import Provider, later, now
from tests.support import pump

MEMBER = "mbr_01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(autouse=True)
def _no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_gateway, "_RETRIES", 0)


def known(provider: Provider) -> list[str]:
    """The provider's names of the customers it has."""
    return list(provider.standin.account.store.objects["customer"])


def held() -> Customer | None:
    return reads.fetch_one(customer_store.customer_read(MEMBER), consistent=True)


def left(at: datetime | None = None) -> list[str]:
    """The member has left. Returns: what failed."""
    event = MemberErased(
        event_id=new_id("evt", now()), occurred_at=at or now(), member_id=MEMBER, merchant_id=None
    )
    return pump.deliver("payments-events", encoded(event))


def intended(ago: timedelta = timedelta()) -> Customer:
    """A customer that is recorded, and of whom the provider may not have heard."""
    customer = Customer("cst_01ARZ3NDEKTSV4RRFFQ69G5FAV", MEMBER, now() - ago)
    writes.commit(customer_store.intended(customer))
    return customer


def test_a_member_is_made_a_customer_once(provider: Provider) -> None:
    first, again = customers.ensured(MEMBER, now()), customers.ensured(MEMBER, now())

    assert [first] == known(provider) == [again]


def test_two_at_once_make_one_customer(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    made = customers._made
    others: list[str] = []

    def meanwhile(*given: Any) -> str:
        monkeypatch.setattr(customers, "_made", made)
        others.append(customers.ensured(MEMBER, now()))
        return made(*given)

    monkeypatch.setattr(customers, "_made", meanwhile)

    assert [customers.ensured(MEMBER, now())] == others == known(provider)


def test_two_who_intend_it_at_once_intend_the_same(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = writes.commit

    def meanwhile(*given: writes.Write) -> None:
        monkeypatch.setattr(writes, "commit", commit)
        intended()
        commit(*given)

    monkeypatch.setattr(writes, "commit", meanwhile)

    assert [customers.ensured(MEMBER, now())] == known(provider)
    (customer,) = provider.standin.account.store.objects["customer"].values()
    assert {"customer_id": "cst_01ARZ3NDEKTSV4RRFFQ69G5FAV"} == customer["metadata"]


def test_a_customer_whose_answer_was_lost_is_found_by_the_same_key(provider: Provider) -> None:
    provider.fault("drop_after", path="/v1/customers", times=1)
    with pytest.raises(ProviderUnavailable):
        customers.ensured(MEMBER, now())

    assert [customers.ensured(MEMBER, now())] == known(provider)


def test_one_whose_key_is_forgotten_is_looked_for_before_another_is_made(provider: Provider) -> None:
    provider.fault("drop_after", path="/v1/customers", times=1)
    with pytest.raises(ProviderUnavailable):
        customers.ensured(MEMBER, now())
    provider.standin.account.store.answers.clear()

    assert [customers.ensured(MEMBER, later(hours=30))] == known(provider)


def test_one_that_nobody_finds_is_made(provider: Provider) -> None:
    intended(ago=timedelta(days=2))

    assert [customers.ensured(MEMBER, now())] == known(provider)


def test_who_leaves_is_known_no_more_however_often_it_is_told(provider: Provider) -> None:
    customers.ensured(MEMBER, now())
    assert ["kept cards"] == customers.left_of(MEMBER)

    assert [] == left() == left()

    assert [] == known(provider)
    assert [] == customers.left_of(MEMBER)
    assert () == customers.cards(MEMBER, now())


def test_who_was_never_a_customer_leaves_nothing_behind(provider: Provider) -> None:
    assert [] == left()

    assert [] == provider.calls()
    assert held() is None


def test_what_a_crash_left_at_the_provider_goes_as_well(provider: Provider) -> None:
    provider.fault("drop_after", path="/v1/customers", times=1)
    with pytest.raises(ProviderUnavailable):
        customers.ensured(MEMBER, now())
    assert 1 == len(known(provider))

    assert [] == left()

    assert [] == known(provider)


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "unavailable"])
def test_a_provider_that_does_not_answer_is_told_again(provider: Provider, mode: str) -> None:
    customers.ensured(MEMBER, now())
    provider.fault(mode, path="/v1/customers", times=1)

    assert ["message"] == left()
    assert ["kept cards"] == customers.left_of(MEMBER)
    assert [] == left()

    assert [] == known(provider)
    assert [] == customers.left_of(MEMBER)


def test_nobody_is_made_for_a_member_who_has_left(provider: Provider) -> None:
    customers.ensured(MEMBER, now())
    left()

    with pytest.raises(Declined):
        customers.ensured(MEMBER, now())

    assert [] == known(provider)


def test_the_row_says_nothing_of_a_card(provider: Provider) -> None:
    customers.ensured(MEMBER, now())

    customer = held()

    assert customer is not None
    assert {"customer_id", "member_id", "created_at", "reference", "left_at", "revision"} == set(
        customer.__slots__
    )
    assert json.dumps(customer.reference).startswith('"cus_')


def test_who_left_is_not_lost_of_sight_before_the_provider_forgot_them(provider: Provider) -> None:
    """The row's time to live begins when the provider has forgotten the member: before, nobody else knows of them."""
    customers.ensured(MEMBER, now())
    provider.fault("unavailable", path="/v1/customers", times=99)
    assert 1 == len(left())
    assert ["kept cards"] == customers.left_of(MEMBER)

    kept = stored()
    provider.heal()
    assert [] == left()

    assert "expires_at" not in kept
    assert "expires_at" in stored()


def stored() -> dict[str, Any]:
    key = {"pk": {"S": f"customer#{MEMBER}"}, "sk": {"S": "customer"}}
    item: dict[str, Any] = dynamo.call("GetItem", TableName=aws.name("payments"), Key=key)["Item"]
    return item
