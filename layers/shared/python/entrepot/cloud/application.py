"""The Chalice application, with every error of the framework rendered as a problem of ours."""

import json
from collections.abc import Callable
from typing import Any, Final

from chalice.app import Chalice

from entrepot.cloud import http, problems, telemetry

_CODES: Final = {404: "not_found", 405: "method_not_allowed", 415: "unsupported_media_type"}
_DETAILS: Final = {404: "There is no such path.", 405: "This path does not take this method."}


class Application(Chalice):
    """Around Chalice's own dispatch: answers that no view of ours has made are made again as problems.

    Args: prepare: called with each path before it is served, so that its routes are registered by then.
    """

    def __init__(self, app_name: str, prepare: Callable[[str], object]) -> None:
        super().__init__(app_name)
        self._prepare = prepare

    def __call__(self, event: Any, context: Any) -> Any:
        path = str(event.get("requestContext", {}).get("resourcePath"))
        self._prepare(path)
        # The gateway answers an unknown path itself; served otherwise, Chalice would call it a wrong method.
        known = bool(self.routes.get(path))
        answer = super().__call__(event, context)
        headers = answer.get("headers", {})
        if answer["statusCode"] < 400 or "X-Correlation-Id" in headers:  # only ours bear it
            return answer
        telemetry.correlation_id.set(str(event.get("requestContext", {}).get("requestId", "-")))
        status = answer["statusCode"] if known else 404
        kept = {"Allow": headers["Allow"]} if known and "Allow" in headers else {}
        reply = problems.problem(
            status if status in _CODES else 500,
            _CODES.get(status, "internal_error"),
            _DETAILS.get(status, "Something went wrong on our side."),
            kept,
        )
        rendered: dict[str, Any] = http.rendered(reply).to_dict()
        assert json.loads(rendered["body"])["status"] == rendered["statusCode"]
        return rendered
