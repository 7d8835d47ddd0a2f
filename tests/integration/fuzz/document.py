"""The OpenAPI document as it is served, in schemathesis' hands, and what of its checks is set otherwise, and why."""

import json
from collections.abc import Callable
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    MISSING_REQUIRED_HEADER_EXPECTED_STATUSES,
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
)
from schemathesis.schemas import BaseSchema

from infra import openapi

ALSO_EXPECTED: Final[dict[str, dict[str, str]]] = {
    "positive_data_acceptance": {
        "412": "a well-formed ETag may be an old one",
        "422": "a rule refuses what the shape allows: a quote past its time, a country nobody ships to",
    },
    "negative_data_rejection": {
        "412": "an If-Match that is no ETag of ours is told as one that is out of date",
        "413": "a body may be wrong and too large",
    },
    "missing_required_header": {
        "428": "what RFC 6585 has for a missing If-Match, and more exact than 400",
    },
}
"""Statuses that a check expects beside schemathesis' own, with the reason. No check is switched off."""

BEYOND_A_SCHEMA: Final[dict[str, str]] = {
    "bad_cursor": "a cursor is what we gave out, signed",
    "bad_signature": "a signature is over the bytes of the body",
    "an error of OAuth": "OAuth has 400 for whatever a client may not (RFC 6749, section 5.2)",
    "unknown_scope": "which scopes may be given hangs on who gives them",
    "Invalid decimal string": "a decimal is read by its value, not by how it is written",
    "invalid_commission_rate": "the same; and places are counted without those that are zero",
    "invalid_name": "which characters can be printed is Unicode's to say",
    "invalid_nickname": "which characters can be printed is Unicode's to say",
    "invalid_locale": "which languages there are is BCP 47's to say",
    "invalid_email": "which domains are written how is IDNA's to say",
    "invalid_phone": "which digits are a mobile number is in each country's plan of numbers",
    "invalid_redirect_uri": "hosts, ports and fragments are told apart by a parser",
    "invalid_return_to": "whose addresses they are is the stage's to say",
    "an event": "what a provider's event is like is the provider's to say",
    "got `float`": "JSON Schema has 3.0 for an integer; we want it written as one",
}
"""Refusals with 400 of what fits the schema, by code or detail, with the reason why no schema can tell."""

MEANT: Final[dict[tuple[str, str], str]] = {
    ("UseAfterFree", "GET /v1/products/{product_id}/revisions"): (
        "a deleted product can be restored; until then its merchant reads what it was"
    ),
}
"""Findings that are as they should be, by check and operation, with the reason."""

_DEFAULTS: Final = {
    "positive_data_acceptance": POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES,
    "negative_data_rejection": NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES,
    "missing_required_header": MISSING_REQUIRED_HEADER_EXPECTED_STATUSES,
}


def beyond(path: str, response: Any) -> str | None:
    """Which row of BEYOND_A_SCHEMA tells why what fits the schema was refused; None where none does."""
    if response.status_code != 400:
        return None
    problem = response.json()
    said = [problem.get("code"), problem.get("detail")]
    if str(problem.get("detail")).startswith("Expected `int") and problem["detail"].endswith("got `float`"):
        said.append("got `float`")
    if path.startswith("/v1/webhooks/") and problem.get("code") in ("malformed", "invalid_request"):
        said.append("an event")
    if path.startswith("/v1/oauth/") and "error" in problem:
        said.append("an error of OAuth")
    return next((each for each in said if each in BEYOND_A_SCHEMA), None)


def loaded(door: Callable[..., Any], document: str | None = None) -> BaseSchema:
    """The schema whose cases go through `door`. Args: document: another than is served, as JSON."""
    checks = {
        check: {"expected-statuses": [*_DEFAULTS[check], *more]} for check, more in ALSO_EXPECTED.items()
    }
    generation = {"with-security-parameters": False}  # who calls is decided by the role
    config = SchemathesisConfig.from_dict({"checks": checks, "generation": generation})
    schema = schemathesis.openapi.from_dict(json.loads(document or openapi.text()), config=config)
    schema.app = door
    return schema
