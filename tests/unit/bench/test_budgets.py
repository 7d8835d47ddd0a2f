"""Each budget is missed by what is over it, and by nothing else; and what archives weigh is what is in them."""

import copy
import zipfile
from typing import Any

import pytest

from bench import budgets, sizes, tables
from infra import targets
from infra.package import Artefact


def case(name: str, **changes: Any) -> dict[str, Any]:
    kept = {"requests": 1.0, "transactions": 0.0, "read_units": 0.5, "write_units": 1.0, "sent": 10.0}
    return {
        "name": name,
        **kept,
        "received": 20.0,
        "cpu": 0.9,
        "sending": 0.4,
        "wall": 2.0,
        "floor": 1.0,
        **changes,
    }


def measured() -> dict[str, Any]:
    cases = [case(name) for name in ("list of 24", "detail", *budgets.ORDER)]
    quote = {"lines": 20, "ways": 6, "requests": 3.0, "beyond": 14.9}
    started = [
        {"name": name, "cpu": cpu, "peak": 90.0, "memory": memory}
        for name, cpu, memory in (
            ("floor", 400.0, 1024),
            ("api_handler", 140.0, 1024),
            ("orders_due", 440.0, 512),
        )
    ]
    archives = [("function", 39e6, 119e6), ("layer-shared", 1e6, 2e6), ("layer-papers", 1e6, 100e6)]
    weights = [
        {"archive": name, "package": "", "zipped": zipped, "unzipped": unzipped}
        for name, zipped, unzipped in archives
    ]
    points = [
        {"curve": curve, "size": size, **case("list of 24")}
        for curve in ("products", "lines of an order")
        for size in (1000, 100)
    ]
    data = {
        "use_cases": {"cases": cases, "floors": {}},
        "quotes": [quote],
        "callers": {"requests": 0, "median": 0.9, "peak": 100.0, "memory": 1024},
        "startup": started,
        "artefact": weights,
        "growth": points,
    }
    return {part: {"data": each} for part, each in data.items()}


def missed(found: dict[str, Any]) -> list[str]:
    return [verdict.what for verdict in budgets.verdicts(found) if not verdict.kept]


def test_all_budgets_can_be_kept() -> None:
    found = measured()

    assert [] == missed(found)
    assert {"PASS", "reached"} == {verdict.word for verdict in budgets.verdicts(found)}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("use_cases", "cases", 0, "requests"), 2.0, ["list of 24, requests"]),
        (("use_cases", "cases", 1, "cpu"), 1.31, ["detail, CPU"]),
        (("use_cases", "cases", 0, "cpu"), 1.01, ["list of 24, CPU beside the best peer"]),
        (("use_cases", "cases", 5, "requests"), 7.0, ["a whole order, requests"]),
        (("use_cases", "cases", 5, "transactions"), 4.0, ["a whole order, transactions"]),
        (("use_cases", "cases", 5, "cpu"), 4.0, ["a whole order, CPU"]),
        (("quotes", 0, "ways"), 5, ["a quote of 20 lines, ways priced"]),
        (("quotes", 0, "requests"), 4.0, ["a quote of 20 lines, requests"]),
        (("quotes", 0, "beyond"), 15.1, ["a quote of 20 lines, CPU beyond its requests"]),
        (("callers", "requests"), 1, ["a token, requests"]),
        (("callers", "median"), 1.1, ["a token, CPU"]),
        (("callers", "peak"), 1025.0, ["signing in, peak memory"]),
        (("startup", 1, "cpu"), 151.0, ["start of the API, CPU"]),
        (("startup", 1, "cpu"), 501.0, ["start of the API, CPU", "start of the API, CPU"]),
        (("startup", 2, "cpu"), 441.0, ["start of orders_due, CPU"]),
        (("startup", 2, "peak"), 513.0, ["peak memory, orders_due"]),
        (("artefact", 0, "zipped"), 41e6, ["the API, zipped"]),
        (("artefact", 0, "unzipped"), 121e6, ["the API, unzipped"]),
        (("artefact", 2, "unzipped"), 130e6, ["with the heaviest layer"]),
        (("growth", 0, "requests"), 2.0, ["list of 24, by products 100 to 1,000"]),
        (("growth", 0, "read_units"), 1.0, ["list of 24, by products 100 to 1,000"]),
        (("growth", 0, "cpu"), 1.2, ["list of 24, by products 100 to 1,000"]),
        (("growth", 2, "cpu"), 9.0, []),
    ],
)
def test_what_is_over_a_budget_misses_it(path, value, expected) -> None:
    found = copy.deepcopy(measured())
    part, *within, name = path
    at = found[part]["data"]
    for step in within:
        at = at[step]
    at[name] = value

    assert expected == missed(found)


def test_parts_that_were_not_measured_are_not_judged() -> None:
    assert ["a token, requests", "a token, CPU", "signing in, peak memory"] == [
        verdict.what for verdict in budgets.verdicts({"callers": measured()["callers"]})
    ]


def test_a_whole_order_lacks_nothing() -> None:
    with pytest.raises(KeyError, match="orders consumer"):
        budgets.whole_order([case(name) for name in budgets.ORDER[:-1]])


def test_an_archive_weighs_what_its_packages_do(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "function.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("stripe/a.py", "x" * 1000)
        zipped.writestr("stripe/b/c.py", "x" * 500)
        zipped.writestr("stripe-15.1.0.dist-info/METADATA", "x" * 200)
        zipped.writestr("_cffi_backend.cpython-311-x86_64-linux-gnu.so", "x" * 300)
        zipped.writestr("app.py", "x" * 50)
    with zipfile.ZipFile(tmp_path / "layer-search.zip", "w") as zipped:
        zipped.writestr("python/tantivy/a.so", "x" * 900)

    found = sizes.all_of_them(Artefact(tmp_path, targets.host()))

    assert [
        ("function", "", 2050),
        ("function", "stripe", 1700),
        ("function", "_cffi_backend", 300),
        ("function", "app.py", 50),
        ("layer-search", "", 900),
        ("layer-search", "tantivy", 900),
    ] == [(weight.archive, weight.package, weight.unzipped) for weight in found]
    packages = [weight for weight in found if weight.archive == "function" and weight.package]
    assert 0 < sum(weight.zipped for weight in packages) < found[0].zipped


def test_columns_stand_under_their_names() -> None:
    assert ["          CPU", "  list  10.00", "  a      9.00"] == tables.table(
        ("", "CPU"), [["list", "10.00"], ["a", "9.00"]]
    )
