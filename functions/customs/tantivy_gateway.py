"""tantivy: an index over the nomenclature, and the subheadings that fit a text best.

The index is written when the artefact is packaged and copied before it is opened: tantivy takes a lock beside its
files, and on Lambda what was packaged is read-only. Source of the ranking: Okapi BM25, as tantivy implements it.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import tantivy

from functions.customs import nomenclature
from functions.customs.words import EVERYDAY, SAYING_NOTHING

INDEX: Final = Path(__file__).parent / "data" / "hs_index"
_CODE: Final = "code"
_FIELDS: Final = {"subheading": 3.0, "heading": 2.0, "chapter": 1.0}
"""How much a word counts by where it stands."""
_ELSEWHERE: Final = 0.1
"""What a word counts in a further place, as a part of what it counts there alone."""
_EVERYDAY: Final = 0.7
_WORD: Final = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 80
_LONGEST: Final = 40
_HEAP_BYTES: Final = 15_000_000
_ANALYSER: Final = "words"


class Searcher:
    """An open index."""

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(_ANALYSER, _analyser())
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()

    def best(self, text: str, most: int) -> list[tuple[str, tuple[str, ...]]]:
        """At most `most` subheadings that share the rarest words with a text, and these words; ties by code."""
        asked = _asked(text)
        terms = [(tantivy.Occur.Should, self._term(stem, weight)) for stem, (_, weight) in asked.items()]
        if not terms:
            return []
        hits = self._searcher.search(tantivy.Query.boolean_query(terms), most).hits
        codes = [str(self._searcher.doc(address)[_CODE][0]) for _, address in hits]
        return [(code, _matched(code, asked)) for code in codes]

    def _term(self, stem: str, weight: float) -> tantivy.Query:
        fields = [
            tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, name, stem), boost * weight)
            for name, boost in _FIELDS.items()
        ]
        return tantivy.Query.disjunction_max_query(fields, _ELSEWHERE)


def write(folder: Path) -> None:
    """Write the index of all subheadings into an empty folder."""
    index = tantivy.Index(_schema(), path=str(folder))
    index.register_tokenizer(_ANALYSER, _analyser())
    writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
    for chapter, heading, subheading in nomenclature.subheadings():
        writer.add_document(
            tantivy.Document(
                code=subheading.hs_code,
                subheading=subheading.description,
                heading=heading.description,
                chapter=chapter.description,
            )
        )
    writer.commit()
    writer.wait_merging_threads()


@cache
def packaged() -> Searcher:
    """The index that was packaged. Raises: FileNotFoundError: there is none."""
    return opened(INDEX)


def opened(folder: Path) -> Searcher:
    """An index that `write` has written; it is copied, and the folder stays as it is."""
    copy = Path(tempfile.mkdtemp(prefix="hs-index-")) / "index"
    shutil.copytree(folder, copy)
    return Searcher(tantivy.Index.open(str(copy)))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_CODE, stored=True, tokenizer_name="raw", index_option="basic")
    for name in _FIELDS:
        builder.add_text_field(name, tokenizer_name=_ANALYSER, index_option="freq")
    return builder.build()


@cache
def _analyser() -> tantivy.TextAnalyzer:
    """Words in lower case without accents, by their stems."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for each in (
        tantivy.Filter.remove_long(_LONGEST),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.lowercase(),
        tantivy.Filter.custom_stopword(list(SAYING_NOTHING)),
        tantivy.Filter.stemmer("english"),
    ):
        builder = builder.filter(each)
    return builder.build()


@cache
def _everyday() -> Mapping[str, tuple[str, ...]]:
    return {stem: tuple(_analysed(said)) for word, said in EVERYDAY.items() for stem in _analysed(word)}


def _analysed(text: str) -> list[str]:
    """The stems of a text; numbers say nothing."""
    return [stem for stem in _analyser().analyze(text) if not stem.isdigit()]


def _asked(text: str) -> dict[str, tuple[str, float]]:
    """The stems to look for: each with the word of the text that it comes from, and its weight."""
    found: dict[str, tuple[str, float]] = {}
    meant: dict[str, tuple[str, float]] = {}
    for word in dict.fromkeys(match.group().casefold() for match in _WORD.finditer(text)):
        for stem in _analysed(word):
            found.setdefault(stem, (word, 1.0))
            for other in _everyday().get(stem, ()):
                meant.setdefault(other, (word, _EVERYDAY))
        if len(found) >= _MOST_WORDS:
            break
    return meant | found


def _matched(code: str, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of the text that stand above or in a subheading, as they are or in its own words."""
    stems: Iterable[str] = _analysed(" ".join(entry.description for entry in nomenclature.path(code)))
    words = {asked[stem][0] for stem in stems if stem in asked}
    return tuple(sorted(words))
