"""Payouts in files: each leaves once, whatever dies; what the bank says of it settles it, or has it owed again."""

import hashlib
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.cloud import aws as cloud
from entrepot.kernel.clock import utc_now
from functions.membership.facade import Merchant, seed_merchant
from functions.payments import statements
from functions.settlement import payouts_bucket_gateway as bucket
from functions.settlement import store
from functions.settlement.domain import payout_files
from functions.settlement.domain.destinations import Account, Through
from functions.settlement.domain.payout_files import FileStatus, PayoutFile
from functions.settlement.domain.payouts import (
    Payout,
    PayoutNotMovable,
    PayoutStatus,
    Way,
    end_to_end,
)
from functions.settlement.payout_terms import payout_data
from functions.settlement.service import destinations, filing, paying
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    Books,
    Crash,
    commits_counted,
    completed,
    crash_at,
    pay,
)
from tests.support import aws as stand_in
from tests.support import pump
from tests.support.bank import camt, camt_transfer, in_base64

NET = 4500 - 75 - 25  # EUR 50.00 less 10 %, less 1.5 % and EUR 0.25
NEAPEL = "mrc_01JD00000000000000000000N1"
MILANS = Account(Through.BANK, "IT60X0542811101000000123456", "Porcellana Srl", "IT", "BPMOIT22XXX")
OTHER = Account(Through.BANK, "DE89370400440532013000", "Porcellana GmbH", "DE")


def owing(books: Books, merchants: Sequence[str] = (MILAN,)) -> Books:
    """A statement of EUR 44.00 for each merchant, each with a bank account."""
    for number, merchant_id in enumerate(merchants):
        if merchant_id != MILAN:
            seed_merchant(Merchant(merchant_id, "Ceramiche", "IT", "EUR", 1000), NOW)
        destinations.put(merchant_id, "EUR", MILANS, "mbr_owner", books.now)
        books.tell(completed(5000, order=f"ord_{number}", merchant=merchant_id))
    books.run()
    return books


@pytest.fixture
def owed(books: Books) -> Books:
    return owing(books)


def payouts(merchant_id: str = MILAN) -> tuple[Payout, ...]:
    """The newest first."""
    return paying.listed(merchant_id, OPERATOR, 100, None).items


def money(books: Books) -> tuple[int, int, int]:
    """Owed to merchants, in transit, and taken from the bank."""
    balances = books.balances()
    owed = sum(amount for (account, _), amount in balances.items() if account.startswith("merchant_payable:"))
    return (
        -owed,
        -balances.get(("payouts_in_transit:house", "EUR"), 0),
        -balances.get(("bank:house", "EUR"), 0),
    )


def written(file_id: str) -> bytes:
    answer = cloud.client("s3").get_object(Bucket=cloud.name("payouts"), Key=f"files/{file_id}.xml")
    content: bytes = answer["Body"].read()
    return content


def references(file_id: str) -> list[str]:
    return [found.text or "" for found in ET.fromstring(written(file_id)).iterfind(".//{*}EndToEndId")]


def files() -> tuple[PayoutFile, ...]:
    return filing.listed(100, None).items


def bank_says(*entries: str) -> None:
    """A statement of the bank, read by payments, and what that tells settlement."""
    statements.submit("camt.053", in_base64(camt(entries)), utc_now())
    pump.pump()


def sent(books: Books) -> Payout:
    books.pay()
    filing.run(books.now)
    return payouts()[0]


def test_a_payout_goes_into_one_file_and_is_sent(owed):
    owed.pay()

    (file_id,) = filing.run(owed.now)

    (payout,) = payouts()
    (file,) = files()
    assert (PayoutStatus.SENT, Way.FILE, file_id) == (payout.status, payout.way, payout.reference)
    assert "IT****3456" == payout.destination
    assert (FileStatus.READY, 1, NET) == (file.status, file.count, file.total)
    assert hashlib.sha256(written(file_id)).hexdigest() == file.digest
    assert [end_to_end(payout.payout_id)] == references(file_id)
    assert (0, NET, 0) == money(owed)


def test_a_second_run_makes_no_second_file(owed):
    owed.pay()
    filing.run(owed.now)

    again = filing.run(owed.now + timedelta(days=1))

    assert ([], 1) == (again, len(files()))


def test_each_run_makes_a_file_of_what_is_new(owed):
    owed.pay()
    (first,) = filing.run(owed.now)
    owed.tell(completed(5000, order="ord_9", merchant=MILAN))
    owed.later(days=1)
    owed.run()
    owed.pay()

    (second,) = filing.run(owed.now)

    assert first != second
    assert {payout.reference for payout in payouts()} == {first, second}
    assert [] == [each for each in references(first) if each in references(second)]


def test_a_file_is_full_at_some_number_of_parts_and_the_rest_is_another(aws, monkeypatch):
    monkeypatch.setattr(payout_files, "PARTS_PER_FILE", 1)
    monkeypatch.setattr(filing, "PAYOUTS_PER_PART", 2)
    books = owing(Books(), (MILAN, NEAPEL, "mrc_01JD00000000000000000000R1"))
    books.pay()

    made = filing.run(books.now)

    assert [1, 2] == sorted(file.count for file in files())
    assert 3 == len({reference for file_id in made for reference in references(file_id)})


def test_what_the_bank_took_settles_the_payout(owed):
    payout = sent(owed)

    for number in ("B1", "B1", "B2"):  # the same entry again, and one that overlaps with another number
        bank_says(camt_transfer("44.00", end_to_end(payout.payout_id), number))

    assert PayoutStatus.PAID is payouts()[0].status
    assert (0, 0, NET) == money(owed)


@pytest.mark.parametrize("order", [("left", "back"), ("back", "left"), ("back",)])
def test_what_another_bank_sends_back_is_owed_again_and_waits_for_a_new_destination(owed, order):
    payout = sent(owed)
    reference = end_to_end(payout.payout_id)
    for number, each in enumerate([*order, "back"]):
        bank_says(camt_transfer("44.00", reference, f"B{number}", back="AC04" if each == "back" else ""))

    (returned,) = payouts()
    assert (PayoutStatus.RETURNED, "AC04", NET) == (returned.status, returned.reason, returned.returned)
    assert (NET, 0, 0) == money(owed)
    owed.later(days=1)
    owed.run()
    assert ([], [MILAN]) == (owed.pay().payouts, owed.pay().held)
    destinations.put(MILAN, "EUR", OTHER, "mbr_owner", owed.now)
    again = sent(owed)
    assert (NET, "DE****3000") == (again.amount.amount, again.destination)
    assert (0, NET, 0) == money(owed)
    assert owed.trial().balanced


def test_the_same_account_set_again_is_a_new_destination_after_a_return(owed):
    payout = sent(owed)
    bank_says(camt_transfer("44.00", end_to_end(payout.payout_id), "B2", back="MS03"))

    renewed = destinations.put(MILAN, "EUR", MILANS, "mbr_owner", owed.now)

    assert (payout.destination_id != renewed.destination_id, "") == (True, renewed.stopped)


def test_another_amount_than_the_payouts_moves_nothing_and_is_set_aside(owed):
    payout = sent(owed)
    statements.submit(
        "camt.053", in_base64(camt([camt_transfer("43.99", end_to_end(payout.payout_id), "B1")])), utc_now()
    )

    with pytest.raises(AssertionError, match="settlement-events refused"):
        pump.pump()

    assert PayoutStatus.SENT is payouts()[0].status
    assert (0, NET, 0) == money(owed)


def test_a_credit_that_merely_names_a_payout_is_no_return(owed):
    """What a payer writes is not what a bank says."""
    payout = sent(owed)
    forged = camt_transfer("44.00", end_to_end(payout.payout_id), "B7", back="AC04")

    bank_says(forged.replace("<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", ""))

    assert PayoutStatus.SENT is payouts()[0].status
    assert (0, NET, 0) == money(owed)


@pytest.mark.parametrize("why", ["hold", "changed"])
def test_what_may_not_leave_any_more_is_called_off_and_paid_by_the_next_statement(owed, why):
    owed.pay()
    if why == "hold":
        paying.hold(MILAN, "the account's owner is being checked", OPERATOR, owed.now)
    else:
        destinations.put(MILAN, "EUR", OTHER, "mbr_owner", owed.now)

    made = filing.run(owed.now)

    (payout,) = payouts()
    assert ([], PayoutStatus.RETURNED) == (made, payout.status)
    assert (NET, 0, 0) == money(owed)
    paying.let_go(MILAN)
    owed.later(days=1)
    owed.run()
    assert 1 == len(owed.pay().payouts)
    (file_id,) = filing.run(owed.now)
    assert 1 == len(references(file_id))
    assert (0, NET, 0) == money(owed)


def test_a_destination_changed_while_the_file_grows_is_seen(owed, monkeypatch):
    """Between the look at it and the commit."""
    owed.pay()
    real = store.file_grown

    def grown(*given):
        monkeypatch.setattr(store, "file_grown", real)
        destinations.put(MILAN, "EUR", OTHER, "mbr_owner", owed.now)
        return real(*given)

    monkeypatch.setattr(store, "file_grown", grown)
    made = filing.run(owed.now)

    assert ([], PayoutStatus.RETURNED, filing.CHANGED) == (made, payouts()[0].status, payouts()[0].reason)
    assert (NET, 0, 0) == money(owed)


def dies(books: Books, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """A run of files that dies once its payouts are in a file: before or after they are marked as sent."""
    with monkeypatch.context() as dying:
        if where == "closed":
            dying.setattr(store, "file_parts", _crash)
        else:
            dying.setattr(PayoutFile, "ready", _crash)
        with pytest.raises(Crash):
            filing.run(books.now)


def _crash(*_: object) -> None:
    raise Crash


@pytest.mark.parametrize(
    ("why", "where"),
    [("hold", "closed"), ("changed", "closed"), ("hold", "sent"), ("changed", "sent"), ("returned", "sent")],
)
def test_a_file_that_is_resumed_pays_nobody_who_may_not_be_paid_any_more(aws, monkeypatch, why, where):
    """It dies on Friday, something comes up on Saturday, and Monday's run finds it."""
    books = owing(Books(), (MILAN, NEAPEL))
    books.pay()
    dies(books, monkeypatch, where)
    (void,) = files()
    if why == "hold":
        paying.hold(MILAN, "look", OPERATOR, books.now)
    elif why == "changed":
        destinations.put(MILAN, "EUR", OTHER, "mbr_owner", books.now)
    else:
        paying.move(payouts()[0].payout_id, PayoutStatus.RETURNED, books.now, "RC01")
    books.later(days=3)

    (file_id,) = filing.run(books.now)

    (kept,), (gone,) = payouts(NEAPEL), payouts()
    assert (PayoutStatus.SENT, file_id) == (kept.status, kept.reference)
    assert PayoutStatus.RETURNED is gone.status
    assert [end_to_end(kept.payout_id)] == references(file_id)
    assert (FileStatus.VOID, None) == (filing.shown(void.file_id)[0].status, filing.shown(void.file_id)[1])
    assert (NET, NET, 0) == money(books)
    assert books.trial().balanced
    assert [] == filing.run(books.now + timedelta(days=1))


def test_a_hold_put_while_a_file_is_written_stops_its_payouts(owed, monkeypatch):
    """After the look at them, before they are marked as sent."""
    owed.pay()
    real = bucket.put

    def put(*given):
        paying.hold(MILAN, "look", OPERATOR, owed.now)
        real(*given)

    monkeypatch.setattr(bucket, "put", put)
    made = filing.run(owed.now)

    assert ([], PayoutStatus.RETURNED, filing.ON_HOLD) == (made, payouts()[0].status, payouts()[0].reason)
    assert [FileStatus.VOID] == [file.status for file in files()]
    assert (NET, 0, 0) == money(owed)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_void_file_whose_run_dies_at_any_commit_pays_each_once(written):
    number = 0
    died = True
    while died:
        number += 1
        with stand_in.in_process(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(filing, "PAYOUTS_PER_PART", 2)
            books = owing(Books(), MERCHANTS)
            books.pay()
            dies(books, patch, "sent")
            paying.hold(MERCHANTS[0], "look", OPERATOR, books.now)
            with pytest.MonkeyPatch.context() as dying:
                crash_at(dying, number, written=written)
                try:
                    filing.run(books.now)
                except Crash:
                    died = True
                else:
                    died = False
            assert books.trial().balanced

            filing.run(books.now)

            ready = [file.file_id for file in files() if file.status is FileStatus.READY]
            named = sorted(reference for file_id in ready for reference in references(file_id))
            paid = [payouts(merchant_id)[0] for merchant_id in MERCHANTS[1:]]
            assert sorted(end_to_end(each.payout_id) for each in paid) == named, f"died at commit {number}"
            assert {PayoutStatus.SENT} == {each.status for each in paid}
            assert (NET, NET * 4, 0) == money(books)
    assert number > 10


def test_what_waits_for_an_account_leaves_it_after_another_has_taken_its_place(owed, monkeypatch):
    """Our bank changes: what was to leave by the old one still does, and what comes then leaves by the new."""
    (first,) = owed.pay().payouts
    data = payout_data()
    (old,) = [row for row in data.debtors if row.currency == "EUR"]
    tomorrow = owed.now + timedelta(days=1)
    new = replace(old, bank="second", effective_from=tomorrow.date(), number="FR1420041010050500013M02606")
    changed = replace(data, debtors=(*data.debtors, new))
    for module in (filing, paying):
        monkeypatch.setattr(module, "payout_data", lambda: changed)
    owed.later(days=1)
    owed.tell(completed(5000, order="ord_2", merchant=MILAN, at=owed.now))
    owed.later(days=1)
    owed.run()
    (second,) = owed.pay().payouts

    made = [filing.shown(file_id)[0] for file_id in filing.run(owed.now)]

    assert [("house", old.number), ("second", new.number)] == sorted(
        (file.debtor.bank, file.debtor.number) for file in made
    )
    assert {end_to_end(first), end_to_end(second)} == {
        reference for file in made for reference in references(file.file_id)
    }
    assert {PayoutStatus.SENT} == {each.status for each in payouts()}
    assert owed.trial().balanced


@pytest.mark.parametrize("to", [PayoutStatus.SENT, PayoutStatus.PAID, PayoutStatus.RETURNED])
def test_an_operator_cannot_send_what_a_file_sends(owed, to):
    (payout_id,) = owed.pay().payouts

    with pytest.raises(PayoutNotMovable):
        paying.move(payout_id, to, owed.now)


def test_a_file_that_the_bank_refuses_is_told_payout_by_payout(owed):
    payout = sent(owed)

    paying.move(payout.payout_id, PayoutStatus.RETURNED, owed.now, "RC01")

    assert ("RC01", NET) == (payouts()[0].reason, payouts()[0].returned)
    assert (NET, 0, 0) == money(owed)


@pytest.fixture
def strict(monkeypatch):
    """The terms of a stage with real money."""
    data = payout_data()
    strict = replace(data, terms=tuple(row for row in data.terms if "*" in row.stages))
    for module in (destinations, paying):
        monkeypatch.setattr(module, "payout_data", lambda: strict)
    return strict.terms[0]


@pytest.mark.parametrize("said", ["returned", "called off"])
def test_the_bank_taking_what_was_said_not_to_leave_is_set_aside_for_a_person(owed, said):
    if said == "returned":
        payout = sent(owed)
        paying.move(payout.payout_id, PayoutStatus.RETURNED, owed.now, "RC01")
    else:
        owed.pay()
        paying.hold(MILAN, "look", OPERATOR, owed.now)
        filing.run(owed.now)
        (payout,) = payouts()
    entry = camt_transfer("44.00", end_to_end(payout.payout_id), "B1")
    statements.submit("camt.053", in_base64(camt([entry])), utc_now())

    with pytest.raises(AssertionError, match="settlement-events refused"):
        pump.pump()

    assert PayoutStatus.RETURNED is payouts()[0].status
    assert (NET, 0, 0) == money(owed)


def test_nothing_goes_to_a_destination_before_it_has_cooled(books, strict):
    owing(books)

    waiting = pay(books.now + timedelta(hours=strict.cooling_hours, seconds=-1))

    assert ([], [MILAN]) == (waiting.payouts, waiting.held)
    assert (NET, 0, 0) == money(books)
    books.later(hours=strict.cooling_hours)
    assert PayoutStatus.SENT is sent(books).status


def test_a_merchant_without_a_destination_waits_where_nobody_pays_by_hand(books, strict):
    books.tell(completed(5000, merchant=MILAN))
    books.run()

    waiting = books.pay()

    assert ([], [MILAN]) == (waiting.payouts, waiting.held)
    assert (NET, 0, 0) == money(books)


MERCHANTS = tuple(f"mrc_01JD0000000000000000000{number:03}" for number in range(5))


def end(books: Books) -> tuple[object, ...]:
    """What a run of files ends with, ids apart."""
    paid = [payout for merchant_id in MERCHANTS for payout in payouts(merchant_id)]
    made = [file for file in files() if file.status is FileStatus.READY]
    named = [reference for file in made for reference in references(file.file_id)]
    assert sorted(named) == sorted(end_to_end(payout.payout_id) for payout in paid)
    assert sum(file.total for file in made) == sum(payout.amount.amount for payout in paid)
    return sorted(file.count for file in files()), {payout.status for payout in paid}, money(books)


def runs(books: Books) -> None:
    books.pay()
    filing.run(books.now)


def prepared(patch: pytest.MonkeyPatch) -> Books:
    patch.setattr(filing, "PAYOUTS_PER_PART", 2)
    return owing(Books(), MERCHANTS)


@pytest.fixture(scope="module")
def unharmed():
    """The end of a run that nothing happened to, and how many commits it took."""
    with stand_in.in_process(), pytest.MonkeyPatch.context() as patch:
        held = prepared(patch)
        sizes = commits_counted(patch)
        runs(held)
        return end(held), len(sizes)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_run_of_files_that_dies_at_any_commit_ends_as_if_it_had_not(unharmed, written):
    expected, commits = unharmed
    assert commits >= 12
    for number in range(1, commits + 1):
        with stand_in.in_process(), pytest.MonkeyPatch.context() as patch:
            held = prepared(patch)
            with pytest.MonkeyPatch.context() as dying:
                crash_at(dying, number, written=written)
                with pytest.raises(Crash):
                    runs(held)
            assert held.trial().balanced

            runs(held)

            assert expected == end(held), f"died at commit {number}"


@pytest.mark.parametrize("put", [False, True], ids=["before", "after"])
def test_a_run_that_dies_at_the_bucket_writes_the_same_file(put, monkeypatch, aws):
    held = prepared(monkeypatch)
    real, contents = bucket.put, []

    def dies(key: str, content: bytes, media_type: str) -> None:
        contents.append(content)
        if put:
            real(key, content, media_type)
        raise Crash

    with monkeypatch.context() as dying:
        dying.setattr(bucket, "put", dies)
        with pytest.raises(Crash):
            runs(held)
    (file,) = files()
    assert (FileStatus.CLOSED, None) == (file.status, filing.shown(file.file_id)[1])

    held.later(days=1)
    runs(held)

    assert contents == [written(file.file_id)]
    assert filing.shown(file.file_id)[1] is not None


def test_two_runs_at_once_put_each_payout_into_one_file(aws, monkeypatch):
    held = prepared(monkeypatch)
    held.pay()
    real, other = store.file_grown, itertools.count()

    def grown(*given):
        if next(other) == 0:
            filing.run(held.now)
        return real(*given)

    monkeypatch.setattr(store, "file_grown", grown)
    filing.run(held.now)

    assert {PayoutStatus.SENT} == end(held)[1]


class Course:
    """What may happen to a merchant's money, in any order."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.sales = itertools.count(1)
        self.entries = itertools.count(1)

    def pay(self) -> None:
        self.books.pay()

    def file(self) -> None:
        filing.run(self.books.now)

    def hold(self) -> None:
        paying.hold(MILAN, "look", OPERATOR, self.books.now)

    def renew(self) -> None:
        paying.let_go(MILAN)
        account = (MILANS, OTHER)[next(self.entries) % 2]
        destinations.put(MILAN, "EUR", account, "mbr_owner", self.books.now)

    def sell(self) -> None:
        self.books.tell(completed(5000, order=f"ord_m{next(self.sales)}", merchant=MILAN, at=self.books.now))

    def settle(self) -> None:
        self.books.run()

    def left(self) -> None:
        self._booked("")

    def back(self) -> None:
        self._booked("AC04")

    def operator(self) -> None:
        for payout in payouts():
            if payout.status is PayoutStatus.SENT:
                paying.move(payout.payout_id, PayoutStatus.PAID, self.books.now)

    def _booked(self, back: str) -> None:
        known = [
            payout for payout in payouts() if payout.status is not PayoutStatus.CREATED and payout.reference
        ]
        for payout in known[:1]:
            amount = f"{payout.amount.amount / 100:.2f}"
            number = f"B{next(self.entries)}"
            bank_says(camt_transfer(amount, end_to_end(payout.payout_id), number, back=back))


STEPS = ("pay", "file", "left", "back", "operator", "hold", "renew", "sell", "settle")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=12))
def test_whatever_comes_in_whatever_order_every_cent_is_owed_in_transit_or_gone(steps):
    with stand_in.in_process():
        course = Course(owing(Books()))
        for step in steps:
            course.books.later(hours=1)
            getattr(course, step)()
            assert course.books.trial().balanced

        kept = [payout.amount.amount - payout.returned for payout in payouts()]
        assert sum(kept) == sum(money(course.books)[1:])
        if "sell" not in steps:
            assert NET == sum(money(course.books))
