"""The two paths that belong to no context: is it up, and what does it offer."""

from pathlib import Path
from typing import Final

from entrepot.cloud.call import Call, Reply
from entrepot.cloud.http import Api
from entrepot.cloud.wire import View
from entrepot.contracts.permissions import PUBLIC

VERSION: Final = "0.1.0"

api = Api(__name__)


class Health(View, frozen=True):
    status: str
    version: str


@api.get("/health", allow=PUBLIC)
def health(call: Call) -> Health:
    return Health(status="ok", version=VERSION)


@api.get("/openapi.json", allow=PUBLIC)
def openapi(call: Call) -> Reply:
    document = Path(__file__).parents[1] / "contracts" / "openapi.json"
    return Reply(document.read_text(encoding="utf-8"), headers={"Cache-Control": "public, max-age=300"})
