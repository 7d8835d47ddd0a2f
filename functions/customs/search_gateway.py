"""The search worker, which alone carries a search engine."""

from entrepot.cloud.workers import WorkerFailed, ask
from functions.customs.search import WORKER, Answer, Asked, Found


class SearchFailed(Exception):
    """The worker does not answer."""


def search(text: str, most: int) -> tuple[Found, ...]:
    """Raises: SearchFailed."""
    try:
        return ask(WORKER, Asked(text, most), Answer).found
    except WorkerFailed:
        raise SearchFailed from None
