"""`make bench`: prints what things cost beside their budgets. It measures and does not judge."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import rate_cards, tariffs
from infra.local.processes import child, free_ports, listening, module, wait_for
from infra.local.setup import child_environment
from infra.package import Artefact

TIMES = int(os.environ.get("BENCH_TIMES", "40"))
STAGE = "test"


def main() -> int:
    from infra import package, targets
    from infra.checks import sizes
    from infra.local.stack import ministack, running

    artefact = package.build(targets.host())
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as name:
        (port,) = free_ports(1)
        endpoint = f"http://127.0.0.1:{port}"
        with ministack(Path(name), port):
            environment(endpoint)
            _use_cases()
            _knowing_who_calls()
            _startup(artefact, endpoint)
    print()
    tariffs.main()
    print()
    rate_cards.main()
    print("\nArtefact")
    print("\n".join(f"  {line}" for line in sizes(artefact.folder)))
    _reset()
    with running(stage="bench") as up:
        from bench.throughput import orders_a_second

        print("\nOrders a second, everything on this machine")
        for clients, orders in ((1, TIMES), (8, TIMES * 4)):
            print(f"  {clients} at once: {orders_a_second(up, clients, orders):6.1f}", flush=True)
    return 0


def environment(endpoint: str) -> None:
    os.environ.update(
        ENTREPOT_STAGE=STAGE,
        AWS_ENDPOINT_URL=endpoint,
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_EC2_METADATA_DISABLED="true",
    )


def _reset() -> None:
    del os.environ["AWS_ENDPOINT_URL"]


@contextmanager
def _provider() -> Iterator[Any]:
    from bench.cases import Elsewhere
    from tests.support.aws import SECRETS

    (port,) = free_ports(1)
    command = module("infra.local.stripe", "--port", str(port), "--secret-key", SECRETS["stripe_secret_key"])
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "stripe.log"
        with child("the stand-in for Stripe", command, child_environment(), log) as started:
            wait_for(lambda: listening(port), started)
            os.environ["ENTREPOT_STRIPE_URL"] = f"http://127.0.0.1:{port}"
            yield Elsewhere(os.environ["ENTREPOT_STRIPE_URL"])
            del os.environ["ENTREPOT_STRIPE_URL"]


def _use_cases() -> None:
    from bench import cases, floors, quotes
    from tests.support import aws as estate
    from tests.support.shop import Shop

    estate.make_estate()
    with _provider() as provider, Quiet():
        floor = floors.all_of_them(TIMES)
        shop = Shop()
        costs = cases.all_of_them(shop, provider, TIMES)
        grown = quotes.all_of_them(shop, TIMES)
    print(f"DynamoDB and CPU of each use case (medians of {TIMES}; CPU of this process, in ms)")
    print(
        f"  {'':<26}{'requests':>9}{'trans.':>8}{'read u.':>9}{'write u.':>9}{'CPU':>8}{'p99':>8}{'x floor':>9}"
    )
    for cost in floor.values():
        print(f"  {cost.name:<26}{'1':>9}{'':>8}{'':>9}{'':>9}{cost.cpu:>8.2f}{cost.cpu_p99:>8.2f}{1:>9.2f}")
    for cost in costs:
        reference = floor["query" if cost.name.startswith("list") else "get"].cpu
        whole = (
            reference * max(cost.requests, 1)
            if cost.transactions == 0
            else (
                floor["get"].cpu * (cost.requests - cost.transactions)
                + floor["write"].cpu * cost.transactions
            )
        )
        print(
            f"  {cost.name:<26}{cost.requests:>9.0f}{cost.transactions:>8.0f}{cost.read_units:>9.1f}"
            f"{cost.write_units:>9.1f}{cost.cpu:>8.2f}{cost.cpu_p99:>8.2f}{cost.cpu / whole:>9.2f}"
        )
    order = [cost for cost in costs if not cost.name.startswith(("list", "detail"))]
    requests, transactions = sum(cost.requests for cost in order), sum(cost.transactions for cost in order)
    print(
        f"  {'a whole order':<26}{requests:>9.0f}{transactions:>8.0f}{'':>18}{sum(c.cpu for c in order):>8.2f}"
    )
    print(
        "  budgets: list and detail 1 request and 1.3 x floor; a whole order 12 requests, 3 transactions, 1.3 x floor"
    )

    print(
        "\nQuotes as they grow, three carriers from each of two warehouses (CPU in ms; floor: its requests alone)"
    )
    print("\n".join(quotes.printed(grown)))


def _knowing_who_calls() -> None:
    from bench import signing_in

    with Quiet():
        lines = list(signing_in.printed(*signing_in.somebody()))
    print("\nKnowing who calls")
    print("\n".join(lines), flush=True)


def _startup(artefact: Artefact, endpoint: str) -> None:
    from bench import startup

    print("\nStart-up (CPU in ms of a fresh process from the artefact)")
    for name, cpu, ratio in startup.all_of_them(artefact, endpoint, STAGE):
        print(f"  {name:<52}{cpu:>7.0f}{ratio:>7.2f} x floor", flush=True)
    print("  budgets: the API 1.25 x floor, a consumer 1.1 x floor")


class Quiet:
    """What the platform logs while it is measured goes nowhere."""

    def __enter__(self) -> None:
        self._stdout = sys.stdout
        sys.stdout = Path(os.devnull).open("w")

    def __exit__(self, *_: object) -> None:
        sys.stdout.close()
        sys.stdout = self._stdout


if __name__ == "__main__":
    sys.exit(main())
