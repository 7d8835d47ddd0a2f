"""`make month`: ten thousand orders in five currencies, settled and paid out, to zero unexplained.

python -m tests.integration.month [--orders N] [--seed S]
"""

import argparse
import contextlib
import io
import sys
import time
from collections import Counter

import tests.environment  # noqa: F401  first of all
from tests.integration.month.books import Reckoning, reckon
from tests.integration.month.run import Month
from tests.integration.month.world import open_for


def main() -> int:
    given = argparse.ArgumentParser(prog="make month", description=__doc__)
    given.add_argument("--orders", type=int, default=10_000)
    given.add_argument("--seed", type=int, default=1)
    asked = given.parse_args()
    out, begun = sys.stdout, time.perf_counter()

    def tell(line: str) -> None:
        end = "\r" if out.isatty() else "\n"
        if out.isatty() or line.split()[1] in ("10", "20", "30", "45", "60", "75"):
            out.write(f"  {line}, {time.perf_counter() - begun:.0f} s{end}")
            out.flush()

    with contextlib.redirect_stdout(io.StringIO()), open_for(asked.seed) as world:  # the platform's log
        sys.stdout = _Nowhere()
        month = Month(world, asked.orders)
        before = Counter(world.store.requests)
        month.live(tell)
        requests = Counter(world.store.requests) - before
        found = reckon(month)
    seconds = time.perf_counter() - begun
    out.write("\n".join(_printed(month, found, requests, seconds)) + "\n")
    return 0 if found.right else 1


class _Nowhere(io.StringIO):
    """Keeps nothing: the log of ten thousand orders would be larger than all of their rows."""

    def write(self, text: str) -> int:
        return len(text)


def _printed(month: Month, found: Reckoning, requests: Counter[str], seconds: float) -> list[str]:
    orders = len(month.orders)
    paid, courses = (Counter(getattr(each, name) for each in month.orders) for name in ("paid_by", "course"))
    return [
        (
            f"{orders} orders, {month.days} days, {seconds:.0f} s (CPU {time.process_time():.0f} s); "
            f"webhooks lost {month.world.post.unheard['lost']}, twice {month.world.post.unheard['twice']}"
        ),
        f"  paid by  {', '.join(f'{name} {count}' for name, count in sorted(paid.items()))}",
        f"  course   {', '.join(f'{name} {count}' for name, count in sorted(courses.items()))}",
        (
            f"  DynamoDB requests per order: {sum(requests.values()) / orders:.1f} "
            f"({', '.join(f'{name} {count / orders:.1f}' for name, count in requests.most_common())})"
        ),
        "  unexplained: " + ", ".join(f"{name} {amount}" for name, amount in found.unexplained.items()),
        *(
            f"    {each.what}: {each.currency} {each.ledger} in the ledger, {each.truth} in truth"
            for each in found.held
            if each.unexplained
        ),
        f"  trial balance: {'balanced' if found.balanced else 'OFF'}, digest {found.digest}",
    ]


if __name__ == "__main__":
    sys.exit(main())
