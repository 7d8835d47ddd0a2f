"""Reading parameters as Stripe does."""

from __future__ import annotations

import pytest

from infra.local.stripe.errors import StripeError
from infra.local.stripe.forms import Params, parsed_form, parsed_json


def test_brackets_nest_and_numbered_names_are_lists():
    text = "a=1&b[c][d]=2&b[e]=&f[]=x&f[]=y&g[1]=second&g[0]=first&h[0][k]=v"

    assert {
        "a": "1",
        "b": {"c": {"d": "2"}, "e": ""},
        "f": ["x", "y"],
        "g": ["first", "second"],
        "h": [{"k": "v"}],
    } == parsed_form(text)


def test_escapes_are_undone():
    assert {"metadata": {"name": "茶 & 咖啡"}} == parsed_form(
        "metadata%5Bname%5D=%E8%8C%B6+%26+%E5%92%96%E5%95%A1"
    )


def test_json_becomes_the_same_strings():
    assert {"a": "1", "b": "true", "c": {"d": ["x", "2"]}} == parsed_json(
        b'{"a":1,"b":true,"c":{"d":["x",2]},"e":null}'
    )


@pytest.mark.parametrize("body", [b"[1]", b"{", b"5"])
def test_json_that_is_no_object_is_refused(body):
    with pytest.raises(StripeError):
        parsed_json(body)


@pytest.mark.parametrize("value", ["1.5", "1e3", "", "x", "9" * 30, "-5"])
def test_only_whole_numbers_are_whole(value):
    with pytest.raises(StripeError) as refusal:
        Params({"amount": value}).required_whole("amount", least=1)

    assert (400, "amount", False) == (
        refusal.value.status,
        refusal.value.error["param"],
        refusal.value.executed,
    )


def test_what_nobody_took_is_refused_by_name():
    params = Params({"amount": "5", "surprise": "1"})
    assert 5 == params.whole("amount")

    with pytest.raises(StripeError) as refusal:
        params.done()

    assert ("parameter_unknown", "surprise") == (refusal.value.error["code"], refusal.value.error["param"])
