"""The HTTP face of the stand-in."""

from __future__ import annotations

import json

from infra.local.carriers.tracker import Json, Misuse, Tracker
from infra.local.stripe.serving import Reply, Request


class CarriersApi:
    """The application: parcels are registered and scanned."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        try:
            return self._answer(request)
        except Misuse as error:
            return Reply.json(400, {"error": str(error)})
        except KeyError as error:
            return Reply.json(404, {"error": f"there is no shipment {error}"})

    def _answer(self, request: Request) -> Reply:
        tracker = self._tracker
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "health"):
                return Reply.json(200, {"status": "ok"})
            case ("POST", "shipments"):
                return Reply.json(201, tracker.register(_document(request.body)))
            case ("GET", "shipments"):
                return Reply.json(
                    200, {"data": [tracked.shown() for tracked in list(tracker.parcels.values())]}
                )
            case ("GET", "shipments", number):
                return Reply.json(200, tracker.known(number).shown())
            case ("POST", "shipments", number, "scans"):
                return Reply.json(200, tracker.scan(number, _document(request.body)))
        return Reply.json(404, {"error": f"there is no {request.method} {request.path}"})


def _document(body: bytes) -> Json:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise Misuse(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Misuse("the body is not a JSON object")
    return document
