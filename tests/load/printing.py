"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tests.load.mix import KINDS
from tests.load.recorder import Latency

if TYPE_CHECKING:
    from tests.load.flash import Flash
    from tests.load.ramp import Ramp, Step
    from tests.load.soak import Soak

_STEP = "{:>8}{:>11}{:>10}{:>14}{:>9}{:>9}{:>9}{:>10}  {}"
_GROWTH = "  {:<38}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}  {}"
_BLOCKS = "▁▂▃▄▅▆▇█"
HEAD = _STEP.format(
    "at once", "requests/s", "orders/s", "and drained", "p50 ms", "p90 ms", "p99 ms", "drain s", "not 2xx"
)
_KIND = "  {:<18}{:>9}{:>9}{:>9}{:>9}"


def ramp(found: Ramp) -> list[str]:
    last = found.steps[-1]
    busiest = next(step for step in found.steps if step.at_once == found.knee)
    until_paid = Latency.of(found.end.until_paid)
    return [
        "",
        HEAD,
        *map(step_line, found.steps),
        "",
        f"The knee is at {found.knee} at once: {busiest.rate:.1f} requests/s, {busiest.orders_a_second:.1f} orders/s.",
        "",
        f"Latency at {found.knee} at once, ms",
        *kinds(busiest.latency),
        *(
            ["", f"Latency at {last.at_once} at once, ms", *kinds(last.latency)]
            if last is not busiest
            else []
        ),
        "",
        f"Cores kept busy at {busiest.at_once} at once: " + ", ".join(_busy(busiest.cpu)) + ".",
        "",
        f"From payment to paid, s: p50 {until_paid.p50 / 1000:.1f}, p99 {until_paid.p99 / 1000:.1f}.",
        *verdict(found.wrong),
    ]


def _busy(cpu: Mapping[str, float]) -> list[str]:
    return [f"{name} {cores:.2f}" for name, cores in cpu.items() if cores >= 0.01]


def step_line(step: Step) -> str:
    failed = ", ".join(f"{times} × {what}" for what, times in step.failures.items())
    return _STEP.format(
        step.at_once,
        f"{step.rate:.1f}",
        f"{step.orders_a_second:.1f}",
        f"{step.lasting_orders:.1f}",
        *(f"{each:.0f}" for each in (step.overall.p50, step.overall.p90, step.overall.p99)),
        f"{step.drained:.1f}",
        failed or "-",
    )


def kinds(latency: Mapping[str, Latency]) -> list[str]:
    rows = [
        _KIND.format(kind, one.requests, *_rounded(one)) for kind, one in sorted(latency.items(), key=_place)
    ]
    return [_KIND.format("", "requests", "p50", "p90", "p99"), *rows]


def _place(row: tuple[str, Latency]) -> int:
    return KINDS.index(row[0]) if row[0] in KINDS else len(KINDS)


def verdict(wrong: Sequence[str]) -> list[str]:
    if wrong:
        return ["", "WRONG", *(f"  {each}" for each in wrong)]
    return ["Stock, orders, ledger and outbox are as they should be."]


def _rounded(one: Latency) -> tuple[str, ...]:
    return tuple(f"{each:.0f}" for each in (one.p50, one.p90, one.p99))


def soak(found: Soak) -> list[str]:
    rows = [
        _GROWTH.format(
            growth.name,
            growth.processes,
            f"{growth.megabytes[0]:.1f}",
            f"{growth.megabytes[-1]:.1f}",
            f"{growth.per_thousand:+.2f}" if growth.settled else "",
            f"{growth.open_files[0]:.0f}",
            f"{growth.open_files[-1]:.0f}",
            curve(growth.megabytes),
        )
        for growth in found.growths
    ]
    return [
        "",
        f"{found.requests} requests and {found.orders} orders in {found.seconds / 60:.1f} minutes.",
        f"{found.requests / found.seconds:.1f} requests/s; drained {found.end.drained:.1f} s after the last.",
        "",
        *kinds(found.latency),
        "",
        "A process of each, without the first third of the time",
        _GROWTH.format("", "processes", "MB", "MB end", "MB/1000", "files", "end", "memory"),
        *rows,
        *verdict(found.wrong),
    ]


def flash(found: Flash) -> list[str]:
    sale, told = found.sale, found.told
    met = f"{found.conflicts.get('cancelled', 0)} transactions cancelled for a conflict, "
    met += f"{found.conflicts.get('transactions', 0)} passed"
    answers = ", ".join(f"{times} × {what}" for what, times in sorted(told.answers.items()))
    return [
        "",
        f"{found.buyers} buyers with {len(sale.answers)} orders for {found.units} units, {found.limit} for each buyer, "
        + ("with conflicts as DynamoDB has them" if found.conflicts else "the stand-in as it is"),
        f"  sold           {len(sale.orders)}, at most {found.most_of_one} to one buyer",
        f"  took           {sale.seconds:.1f} s, {found.rate:.1f} answers/s",
        f"  a request      {_spread(told.requests)}",
        f"  a buyer        {_spread(told.waits)}",
        f"  answers        {answers}",
        f"  asked again    {sale.asked_again} times",
        *([f"  conflicts      {met}"] if found.conflicts else []),
        *verdict(found.wrong),
    ]


def _spread(one: Latency) -> str:
    return f"p50 {one.p50 / 1000:.1f} s, p90 {one.p90 / 1000:.1f} s, p99 {one.p99 / 1000:.1f} s"


def curve(values: Sequence[float], width: int = 24) -> str:
    """Values from their least to their greatest as a line of blocks."""
    least, span = min(values), max(values) - min(values)
    count = min(width, len(values))
    chosen = [values[index * len(values) // count] for index in range(count)]
    return "".join(
        _BLOCKS[round((each - least) / span * (len(_BLOCKS) - 1)) if span else 0] for each in chosen
    )
