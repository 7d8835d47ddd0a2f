"""What is wrong with a rule book: rows that hold together where one may, and days on which none holds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise

from functions.customs.domain.rulebook import Method, RateRow, Regime, Rule, RuleBook

_DECIDING = (Method.GATE, Method.IDENTITY, Method.SINGLE_ITEM, Method.YEAR_LIMIT)
_IMPORTS = (Regime.IMPORT_AT_SALE, Regime.IMPORT_AT_BORDER, Regime.CN_CBEC)


def faults(book: RuleBook) -> list[str]:
    """Every fault as a sentence that names the rows; none where the book is sound."""
    return [
        *(f"{first} and {second} hold on the same day." for first, second in overlaps(book)),
        *gaps(book),
        *uncharged(book),
    ]


def overlaps(book: RuleBook) -> list[tuple[str, str]]:
    """Pairs of rows that would hold on the same day where only one may: two rules of one scheme, or two rates
    for the same goods."""
    found: list[tuple[str, str]] = []
    for rules in _schemes(book).values():
        found += [(a.rule_id, b.rule_id) for a, b in pairwise(rules) if _meet(a, b)]
    for rows in book.rates.values():
        for index, first in enumerate(rows):
            found += [
                (first.row_id, second.row_id)
                for second in rows[index + 1 :]
                if first.category == second.category and _share_origin(first, second) and _meet(first, second)
            ]
    return found


def gaps(book: RuleBook) -> list[str]:
    """Days between two rows of a scheme, or of the same goods, on which neither holds; and a scheme that ends.

    That a rule ends with nothing after it is said by a row that blocks or gives notice, never by silence.
    """
    found: list[str] = []
    for scheme, rules in _schemes(book).items():
        found += [
            f"{scheme} has no row from {a.effective_to} to {b.effective_from}, between {a.rule_id} and {b.rule_id}."
            for a, b in pairwise(rules)
            if _apart(a, b)
        ]
        if rules[-1].effective_to is not None:
            found.append(
                f"{scheme} ends on {rules[-1].effective_to} with {rules[-1].rule_id}; no row follows."
            )
    for rows in book.rates.values():
        for same in _alike(rows):
            found += [
                f"No rate holds from {a.effective_to} to {b.effective_from}, between {a.row_id} and {b.row_id}."
                for a, b in pairwise(same)
                if _apart(a, b)
            ]
    return found


def uncharged(book: RuleBook) -> list[str]:
    """Regimes that on some day charge something, and have no row for another duty or tax that they need, not even
    a notice. Before its first charge a regime is closed, and a consignment refused."""
    found: list[str] = []
    for country in sorted({*book.unions, *book.rules} - set(book.unions.values())):
        for day in sorted(_turns(book, country)):
            rules = [
                rule for rule in book.rules_for(country, day) if not rule.regions and not rule.postal_prefixes
            ]
            found += [
                f"{country} has no rule for {charge} of {regime} on {day}."
                for regime in Regime
                for charge in sorted(_lacks(regime, [rule for rule in rules if regime in rule.regimes]))
            ]
    return found


def _lacks(regime: Regime, rules: list[Rule]) -> set[str]:
    speaking = [rule for rule in rules if rule.method not in _DECIDING]
    if any(rule.blocks for rule in rules) or all(rule.method is Method.NOTICE for rule in speaking):
        return set()
    needs = {"duty", "import_tax"} if regime in _IMPORTS else {"import_tax"}
    return needs - {rule.charge for rule in speaking}


def _turns(book: RuleBook, country: str) -> set[date]:
    """The days on which something begins or ends for a country."""
    rules = [rule for territory in {country, book.union(country)} for rule in book.rules.get(territory, ())]
    ends = {rule.effective_to for rule in rules if rule.effective_to}
    return {rule.effective_from for rule in rules} | ends


def _schemes(book: RuleBook) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rules in book.rules.values():
        for rule in sorted(rules, key=lambda rule: rule.effective_from):
            found[f"{rule.territory}/{rule.scheme}"].append(rule)
    return found


def _alike(rows: Iterable[RateRow]) -> Iterator[list[RateRow]]:
    """Rows for the same goods of the same origins, in the order of their days."""
    found: dict[tuple[object, ...], list[RateRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.effective_from):
        found[row.category, row.origins, row.excluded_origins].append(row)
    yield from found.values()


def _apart(a: Rule | RateRow, b: Rule | RateRow) -> bool:
    return a.effective_to is not None and a.effective_to < b.effective_from


def _meet(a: Rule | RateRow, b: Rule | RateRow) -> bool:
    first, second = sorted((a, b), key=lambda row: row.effective_from)
    return first.effective_to is None or second.effective_from < first.effective_to


def _share_origin(a: RateRow, b: RateRow) -> bool:
    """Whether an origin has both rows. Two rows that each name only exceptions share all the others."""
    if not a.origins and not b.origins:
        return True
    common = a.origins & b.origins if a.origins and b.origins else a.origins | b.origins
    return bool(common - a.excluded_origins - b.excluded_origins)
