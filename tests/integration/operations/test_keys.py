"""Keys rotated while others go on signing: both values pass in the window, one before and after it."""

import hashlib
import hmac
import io
from datetime import timedelta
from typing import Any

import pytest

from entrepot.cloud import aws as cloud
from entrepot.cloud import seal
from entrepot.kernel.clock import utc_now
from infra import keys, reseal
from infra.estate import TABLES
from infra.keys import Refused, rotate
from infra.local.carriers.payloads import Parcel, Scan, webhook
from infra.stage import Stage
from tests.support.aws import SECRETS
from tests.support.http import call

NEW = "a new secret"


@pytest.fixture
def stage(traded: Stage) -> Any:
    yield traded
    traded.put_secret(dict(SECRETS))
    cloud.forget_what_is_there()


def _later() -> None:
    """Five minutes go by: every process reads the secret again."""
    cloud.forget_what_is_there()


def _carrier(secret: str) -> int:
    scans = [Scan(utc_now(), "in_transit", "", "Shenzhen, CN")]
    signed = webhook("aftership", Parcel("yunexpress", "YT0000000001"), scans, secret, utc_now())
    return call(
        "POST", "/v1/webhooks/carriers/aftership", raw=signed.body, headers=dict(signed.headers)
    ).status


def _stripe(secret: str) -> int:
    body = b'{"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {}}}'
    at = int(utc_now().timestamp())
    told = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return call(
        "POST", "/v1/webhooks/stripe", raw=body, headers={"Stripe-Signature": f"t={at},v1={told}"}
    ).status


def _btcpay(secret: str) -> int:
    body = b'{"type": "InvoiceSettled", "storeId": "store-of-the-test-stage", "invoiceId": "abc"}'
    told = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return call("POST", "/v1/webhooks/btcpay", raw=body, headers={"BTCPay-Sig": f"sha256={told}"}).status


@pytest.mark.parametrize(
    ("name", "told", "refused"),
    [
        ("aftership_secret", _carrier, 401),
        ("stripe_webhook_secret", _stripe, 400),
        ("btcpay_webhook_secret", _btcpay, 400),
    ],
)
def test_webhooks_pass_by_both_secrets_in_the_window_and_by_the_new_one_alone_after_it(
    stage: Stage, name: str, told: Any, refused: int
) -> None:
    old = SECRETS[name]
    taken = told(old)
    assert taken < 300
    assert refused == told(NEW)

    rotate(stage, name, NEW, 24, utc_now())
    assert taken == told(old), "a process that has not read the new value yet goes on with the old one"
    _later()
    assert [taken, taken, refused] == [told(old), told(NEW), told("a stranger's")]

    rotate(stage, name, f"{NEW} again", 0, utc_now() - timedelta(seconds=1))
    _later()
    assert [refused, refused, taken] == [told(old), told(NEW), told(f"{NEW} again")]


def test_a_former_value_can_be_forgotten_at_once(stage: Stage) -> None:
    rotate(stage, "aftership_secret", NEW, 24, utc_now())
    keys.forget(stage, "aftership_secret")
    _later()

    assert 401 == _carrier(SECRETS["aftership_secret"])
    assert 300 > _carrier(NEW)
    with pytest.raises(Refused, match="no former value"):
        keys.forget(stage, "aftership_secret")


@pytest.mark.parametrize("name", ["identity_key", "audit_key"])
def test_what_is_never_rotated_is_refused_whatever_is_said(stage: Stage, name: str) -> None:
    with pytest.raises(Refused, match="never rotated"):
        rotate(stage, name, NEW, 24, utc_now(), accept_loss=True)

    assert SECRETS == stage.secret()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("order_token_key", NEW, "guests lose sight"),
        ("cursor_key", NEW, "refused once"),
        ("aftership_secret", "", "empty"),
        ("aftership_secret", f"{NEW} ", "blank"),
        ("aftership_secret", SECRETS["aftership_secret"], "already"),
        ("no_such_key", NEW, "has no"),
    ],
)
def test_a_rotation_that_would_lose_something_is_refused(
    stage: Stage, name: str, value: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        rotate(stage, name, value, 24, utc_now())

    assert SECRETS == stage.secret()


def test_the_command_prints_no_value_and_is_written_down(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NEW}\n"))

    assert 0 == keys.main(["rotate", "easypost_secret", "--stage", "test"])
    assert 0 == keys.main(["list", "--stage", "test"])
    assert 2 == keys.main(["rotate", "identity_key", "--make", "--stage", "test"])

    said = capsys.readouterr()
    assert "easypost_secret is new" in said.out
    assert "identity_key             never rotated" in said.out
    assert not [value for value in (NEW, *SECRETS.values()) if value in said.out + said.err]
    rows = stage.client("dynamodb").scan(TableName=stage.called("audit"))["Items"]
    assert 1 == sum("keys.rotate" in row["body"]["S"] for row in rows if "body" in row)


def test_what_is_sealed_under_a_key_that_is_replaced_is_sealed_anew_and_says_the_same(stage: Stage) -> None:
    before = _opened(stage)
    old = stage.data_key()
    kms = stage.client("kms")
    new = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=f"alias/{stage.called('data')}", TargetKeyId=new)
    assert {old} == {key_id for _, key_id in reseal.counted(stage)}

    written, overtaken = reseal.renew(stage)

    assert (True, 0) == (written > 3, overtaken)
    assert {new} == {key_id for _, key_id in reseal.counted(stage)}
    assert before == _opened(stage)
    assert (0, 0) == reseal.renew(stage)
    seal.forget()


def test_a_row_that_changed_meanwhile_is_left_for_the_next_round(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = stage.client("kms")
    new = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=f"alias/{stage.called('data')}", TargetKeyId=new)
    honest = reseal._put

    def overtaking(stage: Stage, table: str, row: Any, after: Any) -> bool:
        changed = next(name for name in after if after[name] != row[name])
        stale = {**row, changed: {"S": "what was read is no more"}}
        return honest(stage, table, stale, after)

    with monkeypatch.context() as patch:
        patch.setattr(reseal, "_put", overtaking)
        written, overtaken = reseal.renew(stage)

    assert (0, True) == (written, overtaken > 3)
    assert new not in {key_id for _, key_id in reseal.counted(stage)}


def _opened(stage: Stage) -> list[str]:
    """Every row in the form that does not know under which key it is sealed."""
    from infra.backup import rows

    opened = rows.opener(stage).opened
    return sorted(rows.common(t.name, row, opened) for t in TABLES for row in rows.scanned(stage, t.name))
