"""HS codes for a product's text: asked of the worker, and refused with a way out where it does not answer."""

from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from entrepot.cloud import auth, workers
from entrepot.kernel.clock import utc_now
from tests.support.http import Answer, call


def suggestions(text: str = "Green tea", **more: int) -> Answer:
    expires = int((utc_now() + timedelta(minutes=10)).timestamp())
    claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires, "merchant_id": "mrc_1", "role": "merchant"}
    token = auth.sign(claims, auth.ACCESS)
    return call("POST", "/v1/hs-codes/suggestions", {"text": text, **more}, token=token)


@pytest.mark.usefixtures("aws")
def test_a_merchant_is_suggested_codes_with_their_headings_and_the_words():
    answer = suggestions(limit=1)

    assert 200 == answer.status, answer.text
    (found,) = answer.json["data"]
    assert ("090210", ["green", "tea"]) == (found["hs_code"], found["matched"])
    assert ["09", "0902", "090210"] == [entry["hs_code"] for entry in found["path"]]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("failure", ["raises", "is late", "is not there", "answers otherwise"])
def test_a_worker_that_fails_is_refused_with_a_way_out(monkeypatch, failure):
    monkeypatch.setattr(workers, "_client", lambda: Failing(failure))

    answer = suggestions()

    assert (503, "suggestions_unavailable", "5") == (
        answer.status, answer.code, answer.headers["Retry-After"],
    )  # fmt: skip
    assert "GET /v1/hs-codes/{hs_code}" in answer.json["detail"]


class Failing:
    def __init__(self, how: str) -> None:
        self.how = how

    def invoke(self, **request: object) -> object:
        real = {"raises": _raised, "is late": _late, "is not there": _absent, "answers otherwise": _other}
        return real[self.how](request)


def _raised(request: dict[str, object]) -> object:
    from tests.support.workers import InProcess

    broken = {"FunctionName": request["FunctionName"], "Payload": b'{"correlation_id": "c", "asked": {}}'}
    return InProcess().invoke(**broken)  # type: ignore[arg-type]


def _late(request: dict[str, object]) -> object:
    raise ReadTimeoutError(endpoint_url="lambda")


def _absent(request: dict[str, object]) -> object:
    from entrepot.cloud import aws

    return aws.client("lambda").invoke(**request)


def _other(request: dict[str, object]) -> object:
    import io

    return {"Payload": io.BytesIO(b'{"codes": []}')}
