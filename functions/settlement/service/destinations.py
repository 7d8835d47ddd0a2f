"""A merchant says where its payouts go. For some time afterwards nothing leaves in that currency."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from entrepot.cloud import aws, reads, seal, writes
from entrepot.cloud.auth import Principal
from entrepot.cloud.outbox import announce
from entrepot.cloud.writes import Write
from entrepot.contracts.settlement import DestinationChanged
from entrepot.kernel.clock import rfc3339
from entrepot.kernel.currencies import EXPONENTS
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Busy, Kind, NotFound, Refusal
from functions.membership import facade as membership
from functions.settlement import store
from functions.settlement.domain.banking import LocalForm, terms_in_force
from functions.settlement.domain.destinations import Account, Destination, Through
from functions.settlement.payout_terms import payout_data

PURPOSE: Final = "payout_destination"

_TRIES: Final = 5


class NoLocalForm(Refusal):
    """Facts: `country`."""

    code: ClassVar[str] = "country_not_supported"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "Accounts in this country are named by an IBAN, or cannot be paid."


class Incomplete(Refusal):
    """Facts: `field`, what is missing or does not belong there."""

    code: ClassVar[str] = "incomplete_account"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "An account is missing something, or says something that it must not."


class NoSuchCurrency(Refusal):
    """Facts: `currency`."""

    code: ClassVar[str] = "unknown_currency"
    kind: ClassVar[Kind] = Kind.RULE
    title: ClassVar[str] = "This is no currency of ISO 4217."


def account(through: Through, said: Mapping[str, str | None]) -> Account:
    """The account that somebody names, if there can be such a one.

    Args: said: account; or holder with iban, or with country, bank_code and account_number; and bic.
    Raises: Incomplete, BadAccount, NotLatin, NoLocalForm.
    """
    from functions.settlement import accounts_gateway  # it reads a table of countries, which few calls need

    if through is Through.STRIPE:
        _only(said, "account")
        return Account(through, said["account"] or "")
    bic = said.get("bic") or ""
    if said.get("iban"):
        _only(said, "holder", "iban", beside="bic")
        return accounts_gateway.with_iban(said["holder"] or "", said["iban"] or "", bic)
    _only(said, "holder", "country", "bank_code", "account_number", beside="bic")
    form = local_form(said["country"] or "")
    return accounts_gateway.local(
        form, said["holder"] or "", said["bank_code"] or "", said["account_number"] or "", bic
    )


def _only(said: Mapping[str, str | None], *wanted: str, beside: str = "") -> None:
    for name in wanted:
        if not said.get(name):
            raise Incomplete(field=name)
    for name, value in said.items():
        if value and name not in (*wanted, beside, "through"):
            raise Incomplete(field=name)


def set_by(
    caller: Principal, merchant_id: str, currency: str, account: Account, now: datetime
) -> Destination:
    """Set where payouts in a currency go. The same account again changes nothing, unless it was stopped.

    Raises: NotFound: another's. NoSuchCurrency. Incomplete: outside SEPA an IBAN needs its bank's BIC. SignInAgain: the
        session is not fresh. Busy.
    """
    if caller.merchant_id != merchant_id:
        raise NotFound
    if currency not in EXPONENTS:
        raise NoSuchCurrency(currency=currency)
    if account.iban and not account.bic and not payout_data().sepa.reaches(account, currency):
        raise Incomplete(field="bic")
    membership.fresh(caller, now)
    return put(merchant_id, currency, account, caller.member_id, now)


def put(merchant_id: str, currency: str, account: Account, by: str, now: datetime) -> Destination:
    """Raises: NoPayoutTerms, Busy."""
    terms = terms_in_force(payout_data().terms, aws.STAGE, now.date())
    for _ in range(_TRIES):
        before = reads.fetch_one(store.destination_read(merchant_id, currency), consistent=True)
        if (
            before is not None
            and not before.stopped
            and opened(before.sealed, before.destination_id) == account
        ):
            return before
        destination_id = new_id("pdn", now)
        after = Destination(
            destination_id=destination_id,
            merchant_id=merchant_id,
            currency=currency,
            through=account.through,
            masked=account.masked,
            sealed=_sealed(account, destination_id),
            set_by=by,
            set_at=now,
            usable_from=now + terms.cooling,
        )
        try:
            writes.commit(*written(before, after, now))
        except store.Overtaken:  # another session sets it at the same moment
            continue
        return after
    raise Busy


def written(before: Destination | None, after: Destination, now: datetime) -> list[Write]:
    """The writes that put a destination in the place of another, and that tell of it. Raises, at commit: Overtaken."""
    event = DestinationChanged(
        event_id=new_id("evt", now),
        occurred_at=now,
        merchant_id=after.merchant_id,
        currency=after.currency,
        stopped=bool(after.stopped),
        usable_from=rfc3339(after.usable_from),
    )
    return [store.destination_set(before, after), announce(event)]


def listed(merchant_id: str, caller: Principal) -> list[Destination]:
    """A merchant's destinations, by currency. Raises: NotFound: another's, or no such merchant."""
    if caller.merchant_id not in (None, merchant_id):
        raise NotFound
    if reads.fetch_one(membership.merchant_read(merchant_id)) is None:
        raise NotFound
    return store.destinations(merchant_id)


def opened(sealed: str, destination_id: str) -> Account:
    """The account in clear: for who writes it into a file or asks a provider to pay there."""
    said = seal.opened(sealed, PURPOSE, destination_id)
    return Account(**{**said, "through": Through(said["through"])})


def local_form(country: str) -> LocalForm:
    """What an account is in a country without IBANs. Raises: NoLocalForm."""
    for form in payout_data().local_forms:
        if form.country == country:
            return form
    raise NoLocalForm(country=country)


def _sealed(account: Account, destination_id: str) -> str:
    said = {
        "through": account.through.value,
        "number": account.number,
        "holder": account.holder,
        "country": account.country,
        "bic": account.bic,
        "clearing": account.clearing,
        "member": account.member,
    }
    return seal.sealed(said, PURPOSE, destination_id)
