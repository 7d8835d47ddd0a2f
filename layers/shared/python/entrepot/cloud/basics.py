"""The two paths that belong to no context: is it up, and what does it offer."""

import os
from functools import cache
from pathlib import Path
from typing import Final

from entrepot.cloud.call import Call, Reply
from entrepot.cloud.http import Api
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC

VERSION: Final = "0.1.0"

api = Api(__name__)


class Health(View, frozen=True):
    """`build`: what the running code was built from, the first digits of its hash; "sources" if nothing was."""

    status: str
    version: str
    build: str


@api.get("/health", allow=PUBLIC)
def health(call: Call) -> Health:
    return Health(status="ok", version=VERSION, build=_build())


@cache
def _build() -> str:
    """What packaging wrote beside the functions. Whoever deploys compares it with what was sent."""
    stamp = Path(os.environ.get("LAMBDA_TASK_ROOT", "")) / "build.txt"
    return stamp.read_text(encoding="utf-8").strip() if stamp.is_file() else "sources"


@api.get("/openapi.json", allow=PUBLIC)
def openapi(call: Call) -> Reply:
    document = Path(__file__).parents[1] / "contracts" / "openapi.json"
    return Reply(document.read_text(encoding="utf-8"), headers={"Cache-Control": "public, max-age=300"})
