"""The thin client beside botocore, its reference: the same answers, errors and repetitions from the same service."""

import json
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as TheirCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from entrepot.cloud import direct, dynamo, transport, writes
from entrepot.cloud.outbox import OutboxRow
from entrepot.cloud.signature import Credentials, signed
from tests.support.scripted import Said, Scripted, service

OURS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/of=a+session")
TYPE = "com.amazonaws.dynamodb.v20120810#"
QUICK = 0.3
Client = Callable[..., dict[str, Any]]


@given(
    body=st.binary(max_size=300),
    token=st.none() | st.text("abc+/=", min_size=1),
    seconds=st.integers(1_500_000_000, 2_500_000_000),
    region=st.sampled_from(["eu-central-1", "cn-north-1"]),
    target=st.sampled_from(["GetItem", "TransactWriteItems"]),
)
def test_a_signature_is_the_one_that_botocore_makes(
    body: bytes, token: str | None, seconds: int, region: str, target: str
) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": f"dynamodb.{region}.amazonaws.com",
        "x-amz-target": f"DynamoDB_20120810.{target}",
    }
    theirs = AWSRequest("POST", f"https://{headers['host']}/", headers, data=body)
    signer = SigV4Auth(TheirCredentials(OURS.access_key, OURS.secret_key, token), "dynamodb", region)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: at)
        signer.add_auth(theirs)

    ours = signed(headers, body, "dynamodb", region, OURS._replace(session_token=token), at)

    assert theirs.headers["Authorization"] == ours["authorization"]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited between the attempts, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def _ours(url: str) -> Client:
    thin = transport.Transport(
        transport.DYNAMODB,
        "eu-central-1",
        url,
        OURS,
        pause=time.sleep,
        read_seconds=QUICK,
    )
    return lambda operation, **arguments: dynamo._sent(thin, operation, arguments)


def _botocores(url: str) -> Client:
    config = Config(
        connect_timeout=2, read_timeout=QUICK, retries={"mode": "standard", "total_max_attempts": 4}
    )
    client = get_session().create_client("dynamodb", endpoint_url=url, config=config)
    return lambda operation, **arguments: client._make_api_call(operation, arguments)


def _error(kind: str, status: int = 400, **more: Any) -> Said:
    return Said(status, json.dumps({"__type": TYPE + kind, "message": "told", **more}).encode())


ITEM = {
    "pk": {"S": "a"},
    "n": {"N": "12345678901234567890.5"},
    "packed": {"B": "AAH/"},
    "list": {"L": [{"M": {"b": {"B": "/w=="}, "yes": {"BOOL": True}}}, {"NULL": True}]},
    "set": {"BS": ["AQ==", "Ag=="]},
    "names": {"SS": ["x", "y"]},
    "numbers": {"NS": ["1", "2"]},
}
GOT = Said(body=json.dumps({"Item": ITEM}).encode())
REASONS = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "failed", "Item": ITEM}]
LOST = Said(cut=True)
CASES: dict[str, list[Said]] = {
    "an item with every kind of value": [GOT],
    "nothing found": [Said()],
    "a throttled request": [_error("ProvisionedThroughputExceededException"), GOT],
    "another word for it": [_error("ThrottlingException"), _error("RequestLimitExceeded"), GOT],
    "throttled four times": [_error("ThrottlingException")] * 4,
    "a failure of its own": [_error("InternalServerError", 500), GOT],
    "failures without a word": [Said(503, b"<html>busy</html>"), Said(502, b""), Said(504), GOT],
    "four failures": [_error("InternalServerError", 500)] * 4,
    "a connection that is cut": [LOST, GOT],
    "four connections that are cut": [LOST] * 4,
    "too many requests, said by the status": [Said(429, b"{}"), GOT],
    "an answer that does not come": [Said(late=True), GOT],
    "an answer changed on its way": [GOT._replace(headers=(("x-amz-crc32", "1"),)), GOT],
    "an answer with its checksum": [GOT._replace(headers=(("x-amz-crc32", str(zlib.crc32(GOT.body))),))],
    "a condition that fails": [_error("ConditionalCheckFailedException", Item=ITEM)],
    "a transaction that is cancelled": [_error("TransactionCanceledException", CancellationReasons=REASONS)],
    "a conflict": [_error("TransactionConflictException")],
    "a transaction in progress": [_error("TransactionInProgressException"), GOT],
    "no such table": [_error("ResourceNotFoundException")],
    "not allowed": [_error("AccessDeniedException")],
    "an error of an unknown kind": [_error("SomethingNewException", 400)],
    "an error that says Message": [
        Said(400, json.dumps({"__type": "ValidationException", "Message": "M"}).encode())
    ],
}


def _outcome(client: Client, script: Scripted) -> Any:
    """What the platform sees of a request: the answer, or the error with all that is read of it."""
    try:
        answer = client("GetItem", TableName="orders", Key={"pk": {"S": "a"}})
    except ClientError as error:
        told = error.response
        reasons = told.get("CancellationReasons")
        return (
            told["Error"],
            told["ResponseMetadata"]["HTTPStatusCode"],
            told["ResponseMetadata"].get("RetryAttempts", 0),
            told.get("Item"),
            reasons,
            len(script.asked),
        )
    except BotoCoreError as error:
        return type(error), len(script.asked)
    retried = answer.pop("ResponseMetadata").get("RetryAttempts", 0)
    return answer, retried, len(script.asked)


@pytest.mark.parametrize("case", CASES)
def test_what_comes_of_it_is_what_comes_of_botocore(case: str, pauses: list[float]) -> None:
    outcomes, waited = [], []
    for made in (_botocores, _ours):
        with service(*CASES[case]) as script:
            outcomes.append(_outcome(made(script.url), script))
        waited.append(len(pauses))
        pauses.clear()

    theirs, ours = outcomes
    assert theirs == ours
    assert waited[0] == waited[1]


def test_a_service_that_is_not_there_is_the_same_outage(pauses: list[float]) -> None:
    with service() as script:
        url = script.url

    for made in (_botocores, _ours):
        with pytest.raises(BotoCoreError, match="Could not connect to the endpoint"):
            made(url)("GetItem", TableName="orders", Key={"pk": {"S": "a"}})

    assert len(pauses) == 6


def test_what_is_asked_is_what_botocore_asks() -> None:
    asked = []
    for made in (_botocores, _ours):
        with service(Said()) as script:
            made(script.url)(
                "PutItem", TableName="orders", Item={"pk": {"S": "\u4e2d"}, "packed": {"B": b"\x00\x01\xff"}}
            )
        headers, body = script.asked[0]
        names = ("content-type", "x-amz-target", "host")
        asked.append((json.loads(body), {name: headers[name] for name in names if name != "host"}))

    assert asked[0] == asked[1]


def test_pauses_grow_and_a_throttled_one_is_longer(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    with service(*[_error("ThrottlingException")] * 4, *[_error("InternalServerError", 500)] * 4) as script:
        client = _ours(script.url)
        for _ in range(2):
            with pytest.raises(ClientError):
                client("GetItem", TableName="orders", Key={})

    assert pauses == [1.0, 2.0, 4.0, 0.025, 0.05, 0.1]


@pytest.mark.parametrize("minutes", [-20, 7])
def test_a_clock_that_is_off_is_set_by_the_services_and_stays_set(minutes: int, pauses: list[float]) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC).timestamp()
    theirs = (("Date", "Thu, 26 Nov 2026 12:00:00 GMT"),)
    skewed = _error("InvalidSignatureException")._replace(headers=theirs)
    with service(skewed, GOT, GOT) as script:
        thin = transport.Transport(
            transport.DYNAMODB, "eu-central-1", script.url, OURS, clock=lambda: now + minutes * 60
        )
        for _ in range(2):
            assert dynamo._sent(thin, "GetItem", {"TableName": "orders"})["Item"]["pk"] == {"S": "a"}

    dates = [headers["x-amz-date"] for headers, _ in script.asked]
    assert dates[1:] == ["20261126T120000Z"] * 2
    assert dates[0] != dates[1]
    assert [] == pauses


def test_a_wrong_secret_is_no_skew_and_is_told_at_once(pauses: list[float]) -> None:
    with service(_error("InvalidSignatureException"), GOT) as script:
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            _ours(script.url)("GetItem", TableName="orders", Key={})

        assert 1 == len(script.asked)


def test_a_transaction_keeps_its_token_when_it_is_sent_again(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [
        writes.update(OutboxRow("evt_1", "event"), [OutboxRow.sent_at.set("now")], OutboxRow.pk.exists())
    ]
    with service(LOST, Said(), Said()) as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        monkeypatch.delenv("ENTREPOT_AWS_CLIENT")
        dynamo.forget()
        writes.commit(*changes)
        writes.commit(*changes)
        dynamo.forget()

    tokens = [json.loads(body)["ClientRequestToken"] for _, body in script.asked]
    assert tokens[0] == tokens[1]
    assert tokens[1] != tokens[2]


ENOUGH = {"AWS_REGION": "cn-north-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "eu-west-1"}, "https://dynamodb.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"},
            "http://127.0.0.1:2",
        ),
        ({"AWS_SECRET_ACCESS_KEY": ""}, None),
        ({"AWS_REGION": ""}, None),
        ({"AWS_PROFILE": "work"}, None),
        ({"HTTPS_PROXY": "http://127.0.0.1:3"}, None),
    ],
)
def test_where_requests_go_is_what_the_environment_says_or_is_left_to_botocore(
    changed: dict[str, str], url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (ENOUGH | changed).items():
        monkeypatch.setenv(name, value)

    found = transport.from_environment(transport.DYNAMODB)

    assert url == (found._url if found else None)


KEY_ID = "arn:aws:kms:eu-central-1:000000000000:key/1"
ASKED: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("kms", "sign"): (
        {"KeyId": KEY_ID, "Message": b"\x00text", "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"},
        {"KeyId": KEY_ID, "Signature": "AAH/"},
    ),
    ("kms", "decrypt"): (
        {"CiphertextBlob": b"\xff\x00", "EncryptionContext": {"purpose": "address"}},
        {"KeyId": KEY_ID, "Plaintext": "/wA="},
    ),
    ("kms", "generate_data_key"): (
        {"KeyId": "alias/data", "KeySpec": "AES_256", "EncryptionContext": {"purpose": "address"}},
        {"KeyId": KEY_ID, "Plaintext": "/wA=", "CiphertextBlob": "AAAA"},
    ),
    ("kms", "get_public_key"): ({"KeyId": "alias/tokens"}, {"KeyId": KEY_ID, "PublicKey": "MFkw"}),
    ("secretsmanager", "get_secret_value"): ({"SecretId": "app"}, {"SecretString": "{}"}),
    ("sqs", "get_queue_url"): ({"QueueName": "scans"}, {"QueueUrl": "http://127.0.0.1/1/scans"}),
    ("sqs", "send_message"): (
        {"QueueUrl": "http://127.0.0.1/1/scans", "MessageBody": "\u4e2d"},
        {"MessageId": "1"},
    ),
    ("sqs", "send_message_batch"): (
        {"QueueUrl": "http://127.0.0.1/1/scans", "Entries": [{"Id": "0", "MessageBody": "a"}]},
        {"Successful": [{"Id": "0", "MessageId": "1", "MD5OfMessageBody": "x"}], "Failed": []},
    ),
}


def _client(service_name: str, url: str, thin: bool, monkeypatch: pytest.MonkeyPatch) -> Any:
    theirs = get_session().create_client(
        service_name, endpoint_url=url, config=Config(retries={"mode": "standard"})
    )
    if not thin:
        return theirs
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.delenv("ENTREPOT_AWS_CLIENT", raising=False)
    return direct.client(service_name, lambda: theirs)


def test_every_operation_that_goes_directly_is_asked_here() -> None:
    assert set(ASKED) == {
        (name, each) for name, operations in direct.OPERATIONS.items() for each in operations
    }


@pytest.mark.parametrize(("service_name", "operation"), ASKED)
def test_keys_secrets_and_queues_are_asked_as_botocore_asks_and_answer_the_same(
    service_name: str, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, answered = ASKED[service_name, operation]
    told = []
    for thin in (False, True):
        with service(Said(body=json.dumps(answered).encode())) as script:
            answer = getattr(_client(service_name, script.url, thin, monkeypatch), operation)(**given)
        headers, body = script.asked[0]
        answer.pop("ResponseMetadata", None)
        told.append((answer, json.loads(body), headers["x-amz-target"], headers["content-type"]))

    assert told[0] == told[1]


def test_a_refusal_of_keys_and_any_other_operation_are_botocores(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    missing = Said(400, b'{"__type": "NotFoundException", "message": "no such alias"}')
    with service(missing, Said(body=b'{"Keys": [], "Truncated": false}')) as script:
        kms = _client("kms", script.url, True, monkeypatch)
        with pytest.raises(ClientError, match="NotFoundException") as refused:
            kms.get_public_key(KeyId="alias/other")

        assert "NotFoundException" == refused.value.response["Error"]["Code"]
        assert [] == kms.list_keys()["Keys"]
    assert [] == pauses
