"""AWS's JSON protocol without botocore: signed here, sent by urllib3, repeated when botocore would repeat it.

A request of botocore's costs about three times the CPU, and its models a third of a cold start (ADR 81). What this
does not know (profiles, roles, proxies, other endpoints) it leaves to botocore: `from_environment` gives None.
"""

import os
import random
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
import urllib3
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from entrepot.cloud import telemetry
from entrepot.cloud.signature import Credentials, signed

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 6.0
ATTEMPTS: Final = 4
CONNECTIONS: Final = 16

_THROTTLED: Final = frozenset(
    (
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)
_TRANSIENT: Final = frozenset(("RequestTimeout", "RequestTimeoutException"))
_TRANSIENT_STATUSES: Final = frozenset((500, 502, 503, 504))
_SKEWED: Final = frozenset(
    (
        "AuthFailure",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    )
)
_SKEW_SECONDS: Final = 240.0
"""A signature is good for five minutes around its date: a clock that is further off is set by the service's."""

_LONGEST_PAUSE_SECONDS: Final = 20.0
_THROTTLED_PAUSE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = {"dynamodb": 0.025}
_OTHER_PAUSE_SECONDS: Final = 0.05

_OUTAGES: Final[tuple[tuple[type[Exception], Callable[..., Exception]], ...]] = (
    (urllib3.exceptions.NewConnectionError, EndpointConnectionError),
    (urllib3.exceptions.ConnectTimeoutError, ConnectTimeoutError),
    (urllib3.exceptions.ReadTimeoutError, ReadTimeoutError),
    (urllib3.exceptions.ProtocolError, ConnectionClosedError),
)

_LEFT_TO_BOTOCORE: Final = (
    "AWS_PROFILE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)
_SUFFIXES: Final = {"cn": "amazonaws.com.cn"}


class Service(NamedTuple):
    """A service of the JSON protocol: its name in endpoints and signatures, the prefix of its targets, its version."""

    name: str
    target: str
    version: str


DYNAMODB: Final = Service("dynamodb", "DynamoDB_20120810", "1.0")


class Answer(NamedTuple):
    body: bytes
    request_id: str
    repeated: int


class _Failed(NamedTuple):
    """One attempt that brought no good answer."""

    error: Exception
    throttled: bool
    again: bool


class Transport:
    """One service at one endpoint, by pooled connections: safe to share between threads."""

    def __init__(
        self,
        service: Service,
        region: str,
        url: str,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
        read_seconds: float = READ_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
        authorities: str | None = None,
    ) -> None:
        self._service, self._region, self._url, self._credentials = service, region, url, credentials
        self._clock, self._pause = clock, pause
        self._ahead = timedelta()  # how far the service's clock is before ours
        place = urlsplit(url)
        assert place.hostname, f"no host in {url!r}"
        self._host = place.netloc
        time_out = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
        options: dict[str, Any] = {"timeout": time_out, "maxsize": CONNECTIONS}
        self._pool: urllib3.HTTPConnectionPool
        if place.scheme == "https":
            options |= {"cert_reqs": "CERT_REQUIRED", "ca_certs": authorities or _authorities()}
            self._pool = urllib3.HTTPSConnectionPool(place.hostname, place.port, **options)
        else:
            self._pool = urllib3.HTTPConnectionPool(place.hostname, place.port, **options)

    def send(self, operation: str, body: bytes, error_decoder: msgspec.json.Decoder[Any]) -> Answer:
        """Send one request, and again while that makes sense.

        Raises: ClientError with what `error_decoder` finds in the answer; a BotoCoreError where there is none.
        """
        with telemetry.traced(self._service.name, operation):
            return self._sent(operation, body, error_decoder)

    def close(self) -> None:
        self._pool.close()

    def _sent(self, operation: str, body: bytes, error_decoder: msgspec.json.Decoder[Any]) -> Answer:
        skewed, attempt = False, 0
        while True:
            result = self._once(operation, body, attempt, error_decoder)
            if isinstance(result, Answer):
                return result
            last = attempt == ATTEMPTS - 1
            if not skewed and not last and self._was_skewed(result.error):
                skewed = True
            elif last or not result.again:
                raise result.error
            else:
                self._pause(self._delay(attempt, result.throttled))
            attempt += 1

    def _once(
        self, operation: str, body: bytes, attempt: int, error_decoder: msgspec.json.Decoder[Any]
    ) -> Answer | _Failed:
        headers = signed(
            {
                "content-type": f"application/x-amz-json-{self._service.version}",
                "host": self._host,
                "x-amz-target": f"{self._service.target}.{operation}",
            },
            body,
            self._service.name,
            self._region,
            self._credentials,
            datetime.fromtimestamp(self._clock(), UTC) + self._ahead,
        )
        try:
            response = self._pool.urlopen("POST", "/", body, headers, retries=False, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return _Failed(_unreached(error, self._url), throttled=False, again=True)
        if response.status == 200 and _whole(response.data, response.headers):
            return Answer(response.data, response.headers.get("x-amzn-requestid", ""), attempt)
        return self._refused(operation, response, attempt, error_decoder)

    def _refused(
        self, operation: str, response: Any, attempt: int, error_decoder: msgspec.json.Decoder[Any]
    ) -> _Failed:
        told = _told(response.data, error_decoder)
        code = str(told.get("__type", "")).rpartition("#")[2] or str(response.status)
        message = str(told.get("message") or told.get("Message") or "")
        parsed = {
            **told,
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "RequestId": response.headers.get("x-amzn-requestid", ""),
                "HTTPStatusCode": response.status,
                "HTTPHeaders": {name.lower(): value for name, value in response.headers.items()},
                "RetryAttempts": attempt,
            },
        }
        again = (
            code in _TRANSIENT
            or code in _THROTTLED
            or response.status in _TRANSIENT_STATUSES
            or response.status in (200, 429)  # 200: what came is not what was sent
        )
        throttled = code in _THROTTLED or response.status == 429
        return _Failed(ClientError(parsed, operation), throttled, again)

    def _was_skewed(self, error: Exception) -> bool:
        """Whether the request was refused for its date; the difference of the clocks is heeded from now on."""
        if not isinstance(error, ClientError) or error.response["Error"]["Code"] not in _SKEWED:
            return False
        theirs = _date(error.response["ResponseMetadata"]["HTTPHeaders"])
        if theirs is None:
            return False
        ours = datetime.fromtimestamp(self._clock(), UTC)
        if abs((theirs - ours - self._ahead).total_seconds()) < _SKEW_SECONDS:
            return False
        self._ahead = theirs - ours
        return True

    def _delay(self, attempt: int, throttled: bool) -> float:
        first = (
            _THROTTLED_PAUSE_SECONDS
            if throttled
            else _PAUSE_SECONDS.get(self._service.name, _OTHER_PAUSE_SECONDS)
        )
        return random.random() * min(first * 2.0**attempt, _LONGEST_PAUSE_SECONDS)


def from_environment(service: Service) -> Transport | None:
    """A transport to where the environment says, as it does in every function; None where it says too little."""
    variables = os.environ
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    access_key, secret_key = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if not (region and access_key and secret_key) or any(variables.get(name) for name in _LEFT_TO_BOTOCORE):
        return None
    suffix = _SUFFIXES.get(region.partition("-")[0], "amazonaws.com")
    url = (
        variables.get(f"AWS_ENDPOINT_URL_{service.name.upper()}")
        or variables.get("AWS_ENDPOINT_URL")
        or f"https://{service.name}.{region}.{suffix}"
    )
    credentials = Credentials(access_key, secret_key, variables.get("AWS_SESSION_TOKEN"))
    return Transport(service, region, url, credentials)


def _authorities() -> str:
    import certifi

    return os.environ.get("AWS_CA_BUNDLE") or certifi.where()


def _whole(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether what came is what DynamoDB sent: it says the checksum of each answer."""
    told = headers.get("x-amz-crc32")
    return told is None or int(told) == zlib.crc32(body)


def _told(body: bytes, decoder: msgspec.json.Decoder[Any]) -> dict[str, Any]:
    try:
        told: dict[str, Any] = decoder.decode(body)
    except msgspec.DecodeError:  # not the service's own answer, such as a page of something in between
        return {}
    return told


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None


def _unreached(error: Exception, url: str) -> Exception:
    """The same outage by the name that botocore gives it."""
    kind = next((theirs for ours, theirs in _OUTAGES if isinstance(error, ours)), HTTPClientError)
    return kind(endpoint_url=url, error=error)
