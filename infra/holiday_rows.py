"""The public holidays that promises count with: `python -m infra.holiday_rows` writes them as a data file.

The package `holidays` is 14 MB and takes 0.3 s to import, so no function carries it (ADR 0045).
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parents[1] / "functions" / "logistics" / "data" / "holidays.json"
CARDS: Final = FILE.with_name("rate_cards.json")
YEARS: Final = range(2026, 2030)


def countries() -> list[str]:
    """Where parcels of the packaged rate cards come from and go to."""
    cards = json.loads(CARDS.read_text("utf-8"))
    found = {country for card in cards for country in card["origin_countries"]}
    return sorted(
        found | {country for card in cards for zone in card["zones"] for country in zone["countries"]}
    )


def rows() -> dict[str, Any]:
    """Weekends (Monday is 0) and national public holidays that fall on no weekend, by country."""
    from holidays import country_holidays

    weekends, days = {}, {}
    for country in countries():
        calendar = country_holidays(country, years=YEARS)
        weekends[country] = sorted(calendar.weekend)
        days[country] = sorted(day.isoformat() for day in calendar if day.weekday() not in calendar.weekend)
    return {
        "source": f"package holidays {version('holidays')} (MIT): national public holidays, none of a region; "
        "those of a later year that a government has yet to set are that package's estimate",
        "known_until": f"{YEARS[-1]}-12-31",
        "weekends": weekends,
        "holidays": days,
    }


def rendered() -> str:
    """The file's text: a country in a line."""
    made = rows()
    tables = {
        name: ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in made[name].items())
        for name in ("weekends", "holidays")
    }
    head = f'{{\n  "source": {json.dumps(made["source"])},\n  "known_until": "{made["known_until"]}",\n'
    return head + ",\n".join(f'  "{name}": {{\n{table}\n  }}' for name, table in tables.items()) + "\n}\n"


def main() -> int:
    FILE.write_text(rendered(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
