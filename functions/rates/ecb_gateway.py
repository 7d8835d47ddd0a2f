"""The ECB's published files, over the net."""

from typing import Final

from functions.rates.domain import MOST_BYTES, RatesUnreadable

DAILY: Final = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
NINETY_DAYS: Final = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"
_SECONDS: Final = (3.05, 10.0)  # to connect, and between two pieces of the answer
_PIECE: Final = 16 * 1024


class EcbUnavailable(Exception):
    """The ECB is out of reach or does not answer with the file: an outage, over in a while."""


def read(url: str) -> str:
    """The file's text. Raises: EcbUnavailable; RatesUnreadable: it is too long, or no UTF-8."""
    import requests

    try:
        with requests.get(url, timeout=_SECONDS, stream=True, allow_redirects=False) as answer:
            if answer.status_code != 200:
                raise EcbUnavailable(f"{url} answers {answer.status_code}")
            content = bytearray()
            for piece in answer.iter_content(_PIECE):
                content += piece
                if len(content) > MOST_BYTES:
                    raise RatesUnreadable("the file is longer than any of the ECB's")
    except requests.RequestException as error:
        raise EcbUnavailable(f"{url}: {type(error).__name__}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise RatesUnreadable("the file is no UTF-8") from None
