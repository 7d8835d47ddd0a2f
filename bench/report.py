"""Puts what was measured into the documents: `python -m bench.report [--take FILE]`.

The tables of docs/performance.md, and the short one of the README, are those of docs/performance.json. `--take` first
takes the parts of a run into that file; parts that the run did not measure stay as they are, each with its own date.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench import budgets, results, tables
from infra.checks import MEGABYTE

PAGE: Final = results.ROOT / "docs" / "performance.md"
README: Final = results.ROOT / "README.md"
NAMES: Final = (*tables.SECTIONS, "summary")
NOT_MEASURED: Final = "Not measured yet.\n"
_SUMMED: Final = ("use_cases", "startup", "throughput", "artefact", "quotes")
_WIDTH: Final = 120
_SECTION: Final = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- /bench: \2 -->)", re.DOTALL)


class NoSuchSection(Exception):
    """A document asks for a table that nobody makes; the message names it."""


def main() -> int:
    given = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    given.add_argument("--take", type=Path, help="what a run left, such as bench/out/….json")
    taken = given.parse_args().take
    if taken is not None:
        held = results.load(results.KEPT) if results.KEPT.exists() else {}
        results.save(results.KEPT, {**held, **results.load(taken)})
    found = results.load(results.KEPT)
    for document in (PAGE, README):
        text = document.read_text(encoding="utf-8")
        document.write_text(filled(text, found), encoding="utf-8")
        print(f"{document.relative_to(results.ROOT)}: {len(_SECTION.findall(text))} tables")
    return 0


def filled(text: str, found: results.Results) -> str:
    """A document with its tables made anew. Raises: NoSuchSection."""
    made = sections(found)

    def section(match: re.Match[str]) -> str:
        name = match[2]
        if name not in NAMES:
            raise NoSuchSection(name)
        return f"{match[1]}{made.get(name, NOT_MEASURED)}{match[3]}"

    return _SECTION.sub(section, text)


def asked_for(text: str) -> list[str]:
    """The tables that a document asks for."""
    return [name for _, name, _ in _SECTION.findall(text)]


def sections(found: results.Results) -> dict[str, str]:
    """Each table as a document holds it."""
    made = {name: _fenced(lines) for name, lines in tables.sections(found).items()}
    if all(part in found for part in _SUMMED):
        made["summary"] = _summary(found)
    return made


def _fenced(lines: tables.Lines) -> str:
    return "```\n" + "\n".join(lines) + "\n```\n"


def _summary(found: results.Results) -> str:
    """What the README shows."""
    cases = {case["name"]: case for case in found["use_cases"]["data"]["cases"]}
    cases["whole"] = budgets.whole_order(found["use_cases"]["data"]["cases"])
    rows = [
        ("list of 24 products", cases["list of 24"], f"1 request, {budgets.CASE_TIMES:g} ×"),
        ("product page", cases["detail"], f"1 request, {budgets.CASE_TIMES:g} ×"),
        (
            "a whole order: cart, line, quote, place, webhook, its two consumers",
            cases["whole"],
            f"{budgets.ORDER_REQUESTS} requests, {budgets.CASE_TIMES:g} ×",
        ),
    ]
    lines = ["| | DynamoDB requests | CPU, ms | × floor | budget |", "|---|---|---|---|---|"]
    lines += [_summed(name, case, budget) for name, case, budget in rows]
    floor, api, *_ = found["startup"]["data"]
    lines.append(
        f"| start of the API to its first answer from DynamoDB | | {api['cpu']:.0f} | "
        f"{api['cpu'] / floor['cpu']:.2f} | {budgets.START_TIMES:g} × |"
    )
    return "\n".join([*lines, "", *_sentences(found)]) + "\n"


def _sentences(found: results.Results) -> list[str]:
    one, eight = (row["a_second"] for row in found["throughput"]["data"])
    function = next(weight for weight in found["artefact"]["data"] if not weight["package"])
    quote = next(quote for quote in found["quotes"]["data"] if quote["lines"] == budgets.QUOTE_LINES)
    get = found["use_cases"]["data"]["floors"]["get"]["cpu"]
    day, zipped = found["use_cases"]["taken"][:10], function["zipped"] / MEGABYTE
    text = (
        f"Taken on {day}, where a GetItem takes pynamodb {get:.2f} ms. Orders placed a second with everything "
        f"on that machine: {one:.1f} by one client, {eight:.1f} by eight. The API's archive is {zipped:.1f} MB. A "
        f"quote of {quote['lines']} lines with three carriers from each of two warehouses takes "
        f"{quote['requests']:.0f} requests, and {quote['beyond']:.1f} ms of CPU beyond them, of "
        f"{budgets.QUOTE_MS:.0f} allowed."
    )
    return textwrap.wrap(text, _WIDTH)


def _summed(name: str, case: Mapping[str, float], budget: str) -> str:
    requests = f"{case['requests']:.0f}"
    if case["transactions"]:
        requests += f", of them {case['transactions']:.0f} transactions"
    return f"| {name} | {requests} | {case['cpu']:.1f} | {case['cpu'] / case['floor']:.2f} | {budget} |"


if __name__ == "__main__":
    sys.exit(main())
