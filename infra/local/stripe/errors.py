"""Stripe's error objects and the statuses they come with."""

from __future__ import annotations

from infra.local.stripe.serving import Json


class StripeError(Exception):
    """An answer of the form `{"error": {type, code, message, param, ...}}`.

    `executed` says whether the endpoint began its work: Stripe keeps the answer under the idempotency key
    only then, so that a request refused for its parameters may be mended and sent again under the same key.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        given = {"code": code, "message": message, "param": param, "type": kind, **more}
        self.error: Json = {name: value for name, value in given.items() if value is not None}

    @property
    def body(self) -> Json:
        """The answer's document."""
        return {"error": self.error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """400 for a parameter: the endpoint did not begin."""
    return StripeError(400, message, code=code, param=param, executed=False)


def refused(
    message: str, code: str | None = None, param: str | None = None, intent: Json | None = None
) -> StripeError:
    """400 by a rule of the endpoint, on well-formed parameters."""
    return StripeError(400, message, code=code, param=param, payment_intent=intent)


def missing(kind: str, identifier: str, param: str = "id") -> StripeError:
    """404 for an object that is not there."""
    return StripeError(404, f"No such {kind}: '{identifier}'", code="resource_missing", param=param)
