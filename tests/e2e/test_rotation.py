"""The keys of tokens are exchanged while members are at work: nobody is signed out, before or after."""

import threading
from collections import Counter
from typing import Any

from tests.support.e2e_market import Market, until


def test_tokens_of_before_and_after_the_exchange_are_both_accepted_with_traffic_going_on(
    market: Market,
) -> None:
    kms, up = market.up.client("kms"), market.up
    before = market.operator
    answers: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append(market.api.call("GET", "/v1/ledger/trial-balance", token=before).status)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        keys = [_key(kms, up.stage, name) for name in ("tokens", "tokens-other")]
        _point(kms, up.stage, "tokens", keys[1])
        _point(kms, up.stage, "tokens-other", keys[0])
        _renewed(market)
        until("the new key comes first", lambda: _published(market)[0] == keys[1])
        account = up.accounts["operator"]
        body = {"email": account["email"], "password": account["password"]}
        after = market.done(201, "POST", "/v1/sessions", body)["access_token"]
        market.done(200, "GET", "/v1/ledger/trial-balance", token=after)
        market.done(200, "GET", "/v1/ledger/trial-balance", token=before)
    finally:
        over.set()
        asking.join()

    refused = Counter(answers)
    del refused[200], refused[502]  # the stand-in ends the copies that it replaces in the midst of their work
    assert answers.count(200) > 3
    assert Counter() == refused
    assert [keys[1], keys[0]] == _published(market)


def _published(market: Market) -> list[str]:
    return [key["kid"] for key in market.done(200, "GET", "/.well-known/jwks.json")["keys"]]


def _key(kms: Any, stage: str, alias: str) -> str:
    found: str = kms.describe_key(KeyId=f"alias/entrepot-{stage}-{alias}")["KeyMetadata"]["KeyId"]
    return found


def _point(kms: Any, stage: str, alias: str, key_id: str) -> None:
    kms.update_alias(AliasName=f"alias/entrepot-{stage}-{alias}", TargetKeyId=key_id)


def _renewed(market: Market) -> None:
    """Copies of the API that have not read the keys yet: those that run believe what they know for an hour."""
    functions, name = market.up.client("lambda"), f"entrepot-{market.up.stage}-api"
    held = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**held, "ROTATED": "yes"}}
    )
