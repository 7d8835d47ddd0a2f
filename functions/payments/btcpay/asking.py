"""Asking the server for what there must be one of, under an intention of our own."""

from collections.abc import Callable
from dataclasses import replace

from entrepot.cloud import reads, writes
from functions.payments.btcpay import store
from functions.payments.btcpay.http import StillAtWork
from functions.payments.domain import asking
from functions.payments.domain.asking import Asked
from functions.payments.gateway import Declined, ProviderBusy, ProviderUnavailable

Then = Callable[[Asked], tuple[writes.Write, ...]]
Made = tuple[str, str]
"""The server's id of what was asked for, and where its receiver claims money; "" where that is none."""


def once(
    wanted: Asked,
    look: Callable[[], Made | None],
    make: Callable[[], Made],
    then: Then = lambda asked: (),
    refused: Then = lambda asked: (),
) -> Asked:
    """What was asked for, made now or before, and never twice. `look` and `make` give its id and link.

    Args: then, refused: what is written when it is known to be made, and when the server has declined to make it.
    Raises: ProviderBusy: somebody may just be asking, and nothing is there yet. ProviderUnavailable, Declined.
    """
    read = store.asked_read(wanted.payment_id, wanted.what)
    held = reads.fetch_one(read, consistent=True)
    if held is not None and held.found_id:
        return held
    found = look() if held is not None else None
    if held is not None and found is None and held.at_work(wanted.asked_at):
        raise ProviderBusy
    try:
        if held is None:
            held = wanted
            writes.commit(store.opened(held))
        elif found is None:
            held = _saved(held, asking.again(held, wanted.asked_at))
        return _saved(held, asking.made(held, *(found or _made(held, make, refused))), then)
    except store.AskedElsewhere:
        raise ProviderBusy from None


def _made(asked: Asked, make: Callable[[], Made], refused: Then) -> Made:
    try:
        return make()
    except StillAtWork:
        raise
    except ProviderUnavailable:
        _saved(asked, asking.ended(asked))
        raise
    except Declined:
        _saved(asked, asking.ended(asked), refused)
        raise


def _saved(before: Asked, after: Asked, then: Then = lambda asked: ()) -> Asked:
    writes.commit(store.saved(before, after), *then(after))
    return replace(after, revision=before.revision + 1)
