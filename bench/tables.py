"""The results of the bench as tables of text, for a terminal and for docs/performance.md alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bench import budgets, results, sheet
from infra.checks import MEGABYTE

Lines = list[str]
_TOP_PACKAGES: Final = 12
_API: Final = "api_handler"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    """Columns side by side: the first begins at the left, the others end at the right."""
    widths = [max(len(line[place]) for line in (header, *rows)) for place in range(len(header))]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (header, *rows)
    ]


def printed(part: str, found: results.Results) -> Lines:
    """A part as it is shown when it has been measured."""
    return SECTIONS[part](found)


def of_several(found: results.Results) -> Lines:
    """What is worked out of the parts: costs and budgets."""
    lines: Lines = []
    for name in ("before", "cost"):
        if "use_cases" in found:
            lines += [*SECTIONS[name](found), ""]
    return lines + SECTIONS["budgets"](found)


def sections(found: results.Results) -> dict[str, Lines]:
    """Every section whose parts were measured, by its name."""
    needs = {name: _NEEDS.get(name, (name,)) for name in SECTIONS}
    return {
        name: section(found)
        for name, section in SECTIONS.items()
        if all(part in found for part in needs[name])
    }


def _taken(part: Mapping[str, Any], what: str) -> str:
    machine = part["machine"]
    return (
        f"{what}\n  {part['taken']}, {machine['cores']} cores ({machine['processor']}), Python {machine['python']}, "
        f"load before {machine['load']:.1f}"
    )


def _use_cases(found: results.Results) -> Lines:
    part = found["use_cases"]
    data = part["data"]
    header = (
        *("", "req.", "trans.", "read u.", "write u.", "B sent", "B rec."),
        *("CPU", "ours", "sending", "p99", "x floor", "other calls"),
    )
    rows = [_case_row(floor, 1.0, "") for floor in data["floors"].values()]
    asked = [case for case in data["cases"] if case["function"] == _API]
    followed = [case for case in data["cases"] if case["function"] != _API]
    rows += [_measured(case) for case in asked]
    order = budgets.whole_order(data["cases"])
    whole = _case_row({**order, "name": "a whole order", "cpu_p99": 0.0}, order["cpu"] / order["floor"], "")
    whole[-3] = ""
    rows += [whole, ["by event, message or clock:", *[""] * (len(header) - 1)]]
    rows += [_measured(case) for case in followed]
    title = f"Each use case: DynamoDB, and CPU of the process in ms (medians of {part['times']})"
    return [_taken(part, title), "", *table(header, rows)]


def _measured(case: Mapping[str, Any]) -> list[str]:
    return _case_row(case, case["cpu"] / case["floor"], _calls(case["others"]))


def _case_row(case: Mapping[str, Any], ratio: float, calls: str) -> list[str]:
    return [
        case["name"],
        f"{case['requests']:.0f}",
        f"{case['transactions']:.0f}",
        f"{case['read_units']:.1f}",
        f"{case['write_units']:.0f}",
        f"{case['sent']:,.0f}",
        f"{case['received']:,.0f}",
        f"{case['cpu']:.2f}",
        f"{case['cpu'] - case['sending']:.2f}",
        f"{case['sending']:.2f}",
        f"{case['cpu_p99']:.2f}",
        f"{ratio:.2f}",
        calls,
    ]


def _calls(others: Mapping[str, float]) -> str:
    return ", ".join(name if count == 1 else f"{count:g} {name}" for name, count in others.items() if count)


def _before(found: results.Results) -> Lines:
    """Beside the first release, whose machine was another: what compares are requests, units and ratios."""
    old, now = results.load(results.BEFORE), found["use_cases"]
    earlier = {case["name"]: case for case in old["use_cases"]["data"]["cases"]}
    rows = [
        _before_row(earlier[case["name"]], case) for case in now["data"]["cases"] if case["name"] in earlier
    ]
    whole = {**budgets.whole_order(now["data"]["cases"]), "name": "a whole order"}
    rows.append(_before_row(earlier["a whole order"], whole))
    header = ("", "requests", "transactions", "write units", "CPU, ms", "x floor")
    title = f"Before ({old['use_cases']['taken']}) and after ({now['taken']})"
    return [title, "", *table(header, rows)]


def _before_row(old: Mapping[str, Any], case: Mapping[str, Any]) -> list[str]:
    ratio = case["cpu"] / case["floor"]
    return [
        case["name"],
        f"{old['requests']:.0f} > {case['requests']:.0f}",
        f"{old['transactions']:.0f} > {case['transactions']:.0f}",
        f"{old['write_units']:.0f} > {case['write_units']:.0f}",
        f"{old['cpu']:.2f} > {case['cpu']:.2f}",
        f"{old['times_floor']:.2f} > {ratio:.2f}",
    ]


def _quotes(found: results.Results) -> Lines:
    part = found["quotes"]
    header = (
        "",
        "req.",
        "read u.",
        "write u.",
        "CPU",
        "p99",
        "its requests",
        "beyond",
        "x",
        "options",
        "ways",
    )
    rows = [
        [
            quote["name"],
            f"{quote['requests']:.0f}",
            f"{quote['read_units']:.1f}",
            f"{quote['write_units']:.0f}",
            f"{quote['cpu']:.2f}",
            f"{quote['cpu_p99']:.2f}",
            f"{quote['floor']:.2f}",
            f"{quote['beyond']:.2f}",
            f"{quote['cpu'] / quote['floor']:.2f}",
            f"{quote['options']}",
            f"{quote['ways']}",
        ]
        for quote in part["data"]
    ]
    title = f"Quotes as they grow, three carriers from each of two warehouses (CPU in ms, medians of {part['times']})"
    return [_taken(part, title), "", *table(header, rows)]


def _callers(found: results.Results) -> Lines:
    part, data = found["callers"], found["callers"]["data"]
    rows = [
        [
            "a token on a warm function",
            f"{data['requests']:.0f} requests",
            f"{data['median']:.3f} ms of CPU, p99 {data['p99']:.3f}, of {data['tokens']:,}",
        ],
        [
            "a fresh process that signs somebody in",
            "",
            f"peak {data['peak']:.0f} MiB of {data['memory']:,}",
        ],
    ]
    return [_taken(part, "Knowing who calls"), "", *table(("", "", ""), rows)[1:]]


def _startup(found: results.Results) -> Lines:
    part, data = found["startup"], found["startup"]["data"]
    old = {one["name"]: one for one in results.load(results.BEFORE)["startup"]["data"]}
    floor = data[0]["cpu"]
    header = ("", "start", "first", "CPU", "x floor", "before", "wall", "peak", "resident", "of MiB")
    rows = [
        [
            one["name"],
            f"{one['start']:.0f}",
            f"{one['first']:.0f}",
            f"{one['cpu']:.0f}",
            f"{one['cpu'] / floor:.2f}",
            f"{old[one['name']]['times_floor']:.2f}" if one["name"] in old else "",
            f"{one['wall']:.0f}",
            f"{one['peak']:.0f}",
            f"{one['resident']:.0f}",
            f"{one['memory']}",
        ]
        for one in data
    ]
    title = (
        "Start-up of the packaged functions under AWS's runtime client (CPU and wall in ms, memory in MiB)"
    )
    return [_taken(part, title), "", *table(header, rows)]


def _artefact(found: results.Results) -> Lines:
    part, data = found["artefact"], found["artefact"]["data"]
    rows: list[list[str]] = []
    for archive in [weight for weight in data if not weight["package"]]:
        inside = [weight for weight in data if weight["archive"] == archive["archive"] and weight["package"]]
        rows.append(_weight(archive["archive"], archive))
        rows += [_weight(f"  {weight['package']}", weight) for weight in inside[:_TOP_PACKAGES]]
        if rest := inside[_TOP_PACKAGES:]:
            sums = {name: sum(weight[name] for weight in rest) for name in ("zipped", "unzipped")}
            rows.append(_weight(f"  {len(rest)} others", sums))
    header = ("", "MB zipped", "MB unzipped")
    return [_taken(part, "Artefact, by package"), "", *table(header, rows)]


def _weight(name: str, weight: Mapping[str, Any]) -> list[str]:
    return [name, f"{weight['zipped'] / MEGABYTE:.2f}", f"{weight['unzipped'] / MEGABYTE:.2f}"]


def _growth(found: results.Results) -> Lines:
    part = found["growth"]
    header = (
        "",
        "size",
        "req.",
        "read u.",
        "write u.",
        "B rec.",
        "CPU",
        "p99",
        "x floor",
        "CPU x first",
        "units x first",
    )
    rows: list[list[str]] = []
    for (curve, case), points in budgets.curves(part["data"]).items():
        first = points[0]
        rows += [
            [
                f"{case}, by {curve}" if point is first else "",
                f"{point['size']:,}",
                f"{point['requests']:.0f}",
                f"{point['read_units']:.1f}",
                f"{point['write_units']:.0f}",
                f"{point['received']:,.0f}",
                f"{point['cpu']:.2f}",
                f"{point['cpu_p99']:.2f}",
                f"{point['cpu'] / point['floor']:.2f}",
                f"{budgets.grown(first, point):.2f}",
                f"{_units(point) / _units(first):.2f}" if _units(first) else "",
            ]
            for point in points
        ]
    return [_taken(part, "As things grow (CPU in ms)"), "", *table(header, rows)]


def _units(point: Mapping[str, Any]) -> float:
    return float(point["read_units"] + point["write_units"])


def _look_ups(found: results.Results) -> Lines:
    part, data = found["look_ups"], found["look_ups"]["data"]
    lines = [_taken(part, "Look-ups in data of ours (microseconds of CPU)")]
    for title, rows in (("rows of a tariff", data["tariffs"]), ("rows of rate cards", data["rate_cards"])):
        names = [name for name in rows[0] if name != "rows"]
        cells = [[f"{row['rows']:,}", *(f"{row[name]:,.0f}" for name in names)] for row in rows]
        lines += ["", *table((title, *names), cells)]
    return lines


def _throughput(found: results.Results) -> Lines:
    part = found["throughput"]
    rows = [[f"{row['clients']} at once", f"{row['a_second']:.1f}"] for row in part["data"]]
    return [_taken(part, "Orders a second, everything on this machine"), "", *table(("", ""), rows)[1:]]


def _cost(found: results.Results) -> Lines:
    priced = sheet.prices()
    cases = found["use_cases"]["data"]["cases"]
    lines = sheet.sale(cases, priced)
    shown = [_line(line) for line in lines]
    totals = sheet.totals(lines)
    shown.append(
        [
            "a whole sale",
            "",
            "",
            *(f"{totals[service]:.4f}" for service in sheet.SERVICES),
            f"{sum(totals.values()):.4f}",
        ]
    )
    beside = [_line(line) for line in sheet.others(cases, priced)]
    header = ("", "an order", "ms billed", *sheet.SERVICES, "USD")
    return [
        "A thousand orders on AWS, from the cart to the merchant's statement, in US dollars (us-east-1)",
        f"  {len(priced.unverified())} of the prices are unverified; what is assumed beside them: bench/prices.json",
        "",
        *table(header, shown),
        "",
        "  and a thousand calls of what no order needs",
        *table(header, beside),
    ]


def _line(line: sheet.Line) -> list[str]:
    return [
        line.name,
        f"{line.per_order:.2f}" if line.per_order else "",
        f"{line.billed_ms}",
        *(f"{line.by_service[service]:.4f}" for service in sheet.SERVICES),
        f"{line.total:.4f}",
    ]


def _budgets(found: results.Results) -> Lines:
    rows = [
        [verdict.what, verdict.allowed, verdict.measured, verdict.word] for verdict in budgets.verdicts(found)
    ]
    return ["Budgets", "", *table(("", "allowed", "measured", ""), rows)] if rows else []


SECTIONS: Final[dict[str, Callable[[results.Results], Lines]]] = {
    "budgets": _budgets,
    "before": _before,
    "use_cases": _use_cases,
    "quotes": _quotes,
    "callers": _callers,
    "startup": _startup,
    "artefact": _artefact,
    "growth": _growth,
    "cost": _cost,
    "look_ups": _look_ups,
    "throughput": _throughput,
}
_NEEDS: Final = {"budgets": (), "before": ("use_cases",), "cost": ("use_cases",)}
