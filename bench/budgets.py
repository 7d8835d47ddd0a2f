"""The budgets that we set ourselves, beside what was measured. Whoever reads them judges; the bench does not.

An ambition is a part of the best peer's CPU, or what the architecture wishes for: Vendure 3.7.3, on two cores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.checks import MEGABYTE, UNZIPPED_MEGABYTES, WITH_LAYERS_MEGABYTES, ZIPPED_MEGABYTES

ORDER: Final = (
    "open a cart",
    "cart line",
    "quote",
    "place",
    "webhook",
    "payments consumer",
    "orders consumer",
)
"""What the budget of a whole order holds: each of these once."""

CASE_TIMES: Final = 1.3
ORDER_REQUESTS: Final = 12
ORDER_TRANSACTIONS: Final = 3
START_TIMES: Final = 1.25
CONSUMER_TIMES: Final = 1.1
QUOTE_LINES: Final = 20
QUOTE_WAYS: Final = 6
QUOTE_REQUESTS: Final = 3
QUOTE_MS: Final = 15.0
TOKEN_MS: Final = 1.0
GROWN_CPU: Final = 1.3
"""How much dearer a case may be at the end of its curve than at the beginning before that counts as growing."""

PEER_MS: Final = {"list of 24": 5.0, "detail": 14.4, "order": 211.0}
_AMBITIONS: Final = {"list of 24": 5, "detail": 5, "order": 10}
START_AMBITION_MS: Final = 150.0

Data = Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """One budget. `ambition`: it is wished for, and no budget is missed without it."""

    what: str
    allowed: str
    measured: str
    kept: bool
    ambition: bool = False

    @property
    def word(self) -> str:
        if self.ambition:
            return "reached" if self.kept else "not yet"
        return "PASS" if self.kept else "FAIL"


def whole_order(cases: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The sums of what an order takes. Raises: KeyError: a part of it was not measured."""
    by_name = {case["name"]: case for case in cases}
    parts = [by_name[name] for name in ORDER]
    fields = (
        *("requests", "transactions", "read_units", "write_units"),
        *("sent", "received", "cpu", "sending", "wall", "floor"),
    )
    return {field: sum(part[field] for part in parts) for field in fields}


def verdicts(results: Mapping[str, Any]) -> list[Verdict]:
    """Every budget whose part was measured."""
    return [
        verdict
        for part, judged in _JUDGED.items()
        if part in results
        for verdict in judged(results[part]["data"])
    ]


def _use_cases(data: Data) -> Iterator[Verdict]:
    by_name = {case["name"]: case for case in data["cases"]}
    for name in ("list of 24", "detail"):
        case = by_name[name]
        yield _at_most(f"{name}, requests", case["requests"], 1)
        yield _times(f"{name}, CPU", case["cpu"], case["floor"], CASE_TIMES)
        yield _ambition(name, case["cpu"])
    order = whole_order(data["cases"])
    yield _at_most("a whole order, requests", order["requests"], ORDER_REQUESTS)
    yield _at_most("a whole order, transactions", order["transactions"], ORDER_TRANSACTIONS)
    yield _times("a whole order, CPU", order["cpu"], order["floor"], CASE_TIMES)
    yield _ambition("order", order["cpu"])


def _quotes(data: Data) -> Iterator[Verdict]:
    whole = next(quote for quote in data if quote["lines"] == QUOTE_LINES)
    name = f"a quote of {QUOTE_LINES} lines"
    yield Verdict(
        f"{name}, ways priced", f"{QUOTE_WAYS} at least", f"{whole['ways']}", whole["ways"] >= QUOTE_WAYS
    )
    yield _at_most(f"{name}, requests", whole["requests"], QUOTE_REQUESTS)
    yield _at_most(f"{name}, CPU beyond its requests", whole["beyond"], QUOTE_MS, " ms")


def _callers(data: Data) -> Iterator[Verdict]:
    yield _at_most("a token, requests", data["requests"], 0)
    yield _at_most("a token, CPU", data["median"], TOKEN_MS, " ms")
    yield _at_most("signing in, peak memory", data["peak"], data["memory"], " MiB")


def _startup(data: Data) -> Iterator[Verdict]:
    floor, api, *others = data
    yield _times("start of the API, CPU", api["cpu"], floor["cpu"], START_TIMES)
    yield Verdict(
        "start of the API, CPU",
        f"{START_AMBITION_MS:.0f} ms",
        f"{api['cpu']:.0f} ms",
        api["cpu"] <= START_AMBITION_MS,
        True,
    )
    for one in others:
        yield _times(f"start of {one['name']}, CPU", one["cpu"], floor["cpu"], CONSUMER_TIMES)
    fullest = max(data, key=lambda one: one["peak"] / one["memory"])
    yield _at_most(f"peak memory, {fullest['name']}", fullest["peak"], fullest["memory"], " MiB")


def _artefact(data: Data) -> Iterator[Verdict]:
    archives = {weight["archive"]: weight for weight in data if not weight["package"]}
    function = archives["function"]
    yield _at_most("the API, zipped", function["zipped"] / MEGABYTE, ZIPPED_MEGABYTES, " MB")
    yield _at_most("the API, unzipped", function["unzipped"] / MEGABYTE, UNZIPPED_MEGABYTES, " MB")
    shared = archives["layer-shared"]["unzipped"]
    heaviest = max(weight["unzipped"] for name, weight in archives.items() if name.startswith("layer-"))
    whole = (function["unzipped"] + shared + heaviest) / MEGABYTE
    yield _at_most("with the heaviest layer", whole, WITH_LAYERS_MEGABYTES, " MB")


def _growth(data: Data) -> Iterator[Verdict]:
    """A line more costs more; nothing else may."""
    for (curve, case), points in curves(data).items():
        if curve == "lines of an order":
            continue
        first, last = points[0], points[-1]
        same = last["requests"] <= first["requests"] and last["read_units"] <= first["read_units"]
        ratio = grown(first, last)
        yield Verdict(
            f"{case}, by {curve} {first['size']:,} to {last['size']:,}",
            f"the same requests and units, {GROWN_CPU:g} x CPU",
            f"{first['requests']:g} to {last['requests']:g} requests, {first['read_units']:g} to "
            f"{last['read_units']:g} units, {ratio:.2f} x",
            same and ratio <= GROWN_CPU,
        )


def grown(first: Mapping[str, Any], point: Mapping[str, Any]) -> float:
    """How much dearer a point of a curve is than its first, by CPU beside the floor taken with each."""
    return float(point["cpu"] / point["floor"] / (first["cpu"] / first["floor"]))


def curves(data: Data) -> dict[tuple[str, str], list[Any]]:
    """The points of each curve and case, smallest first."""
    found: dict[tuple[str, str], list[Any]] = {}
    for point in data:
        found.setdefault((point["curve"], point["name"]), []).append(point)
    return {key: sorted(points, key=lambda point: point["size"]) for key, points in found.items()}


def _at_most(what: str, measured: float, most: float, unit: str = "") -> Verdict:
    return Verdict(what, f"{most:g}{unit}", f"{_short(measured)}{unit}", measured <= most)


def _times(what: str, measured: float, floor: float, most: float) -> Verdict:
    ratio = measured / floor
    allowed = f"{most:g} x floor of {_short(floor)} ms"
    return Verdict(what, allowed, f"{_short(measured)} ms, {ratio:.2f} x", ratio <= most)


def _ambition(name: str, measured: float) -> Verdict:
    peer, part = PEER_MS[name], _AMBITIONS[name]
    what = "a whole order" if name == "order" else name
    return Verdict(
        f"{what}, CPU beside the best peer",
        f"a {'fifth' if part == 5 else 'tenth'} of {peer:g} ms",
        f"{_short(measured)} ms",
        measured <= peer / part,
        True,
    )


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 or number == int(number) else f"{number:.2f}"


_JUDGED: Final = {
    "use_cases": _use_cases,
    "quotes": _quotes,
    "callers": _callers,
    "startup": _startup,
    "artefact": _artefact,
    "growth": _growth,
}
