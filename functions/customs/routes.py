"""HS codes: whether there is one, what it means, and which may fit a product's text."""

from typing import Annotated

import msgspec

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from entrepot.cloud.wire import Body, View
from entrepot.contracts.permissions import PUBLIC
from functions.customs import service
from functions.customs.nomenclature import Entry
from functions.customs.service import Suggestion

api = Api(__name__)

Text = Annotated[
    str, msgspec.Meta(min_length=1, max_length=5000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z")
]


class TextBody(Body, frozen=True):
    """Title and description of a product, in English: the language of the nomenclature."""

    text: Text
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


class EntryView(View, frozen=True):
    hs_code: str
    description: str


class CodeView(View, frozen=True):
    """`path` goes from the chapter down to the code's subheading."""

    hs_code: str
    description: str
    path: list[EntryView]


class SuggestionView(View, frozen=True):
    """`matched` are the words of the text that stand in the nomenclature, as they are or by what they mean there."""

    hs_code: str
    description: str
    path: list[EntryView]
    matched: list[str]


class SuggestionsView(View, frozen=True):
    data: list[SuggestionView]


@api.get("/v1/hs-codes/{hs_code}", allow=PUBLIC)
def read_hs_code(call: Call, hs_code: str) -> CodeView:
    path = service.described(hs_code)
    return CodeView(hs_code=hs_code, description=path[-1].description, path=_path(path))


@api.post("/v1/hs-codes/suggestions", allow="products.write")
def suggest_hs_codes(call: Call, body: TextBody) -> SuggestionsView:
    return SuggestionsView(data=[_suggestion(found) for found in service.suggested(body.text, body.limit)])


def _suggestion(found: Suggestion) -> SuggestionView:
    return SuggestionView(
        hs_code=found.hs_code,
        description=found.path[-1].description,
        path=_path(found.path),
        matched=list(found.matched),
    )


def _path(path: tuple[Entry, ...]) -> list[EntryView]:
    return [EntryView(hs_code=entry.hs_code, description=entry.description) for entry in path]
