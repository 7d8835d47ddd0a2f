"""A statement as PDF: written once by a job, names every entry, and has the letters of every script."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from entrepot.cloud import auth
from entrepot.cloud import aws as cloud
from entrepot.kernel.clock import utc_now
from entrepot.kernel.refusals import NotFound
from functions.membership.facade import Merchant, seed_merchant
from functions.settlement.domain.statement_paper import KEPT, PATIENCE, Paper, PaperState, major, paper
from functions.settlement.service import printing
from tests.integration.settlement.books import (
    MILAN,
    NOW,
    OPERATOR,
    Books,
    captured,
    completed,
    staff,
)
from tests.support import pump
from tests.support.http import call

SOUND = "mrc_01JD00000000000000000000S0"


@pytest.fixture
def settled(books: Books) -> Books:
    """Two sales of a merchant whose name is Chinese, Japanese and Korean."""
    seed_merchant(Merchant(SOUND, "深圳音响 ヘッドホン 이어폰", "CN", "CNY", 800), NOW)
    books.tell(
        captured(13328),
        completed(10000, freight=1200, merchant=SOUND),
        completed(2000, order="ord_2", currency="USD", merchant=SOUND),
    )
    books.run()
    return books


def statement_id(books: Books) -> str:
    return books.statements(SOUND)[0].statement.statement_id


def messages() -> list[str]:
    sqs, url = cloud.client("sqs"), cloud.queue_url(printing.QUEUE)
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for each in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [each["Body"] for each in taken]


def paper_of(statement_id: str, at: datetime) -> Paper:
    found, _ = printing.shown(statement_id, OPERATOR, at)
    assert found is not None
    return found


def pdf(key: str) -> bytes:
    body: bytes = cloud.client("s3").get_object(Bucket=cloud.name("payouts"), Key=key)["Body"].read()
    return body


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def test_a_statement_is_printed_with_the_entries_of_each_line(settled):
    wanted = statement_id(settled)
    assert (None, None) == printing.shown(wanted, staff(SOUND), settled.now)

    asked = printing.ask(wanted, staff(SOUND), settled.now)
    (message,) = messages()
    assert [] == pump.deliver(printing.QUEUE, message)

    found, (_, link) = paper_of(wanted, settled.now), printing.shown(wanted, staff(SOUND), settled.now)
    assert (PaperState.PENDING, PaperState.READY) == (asked.state, found.state)
    assert f"/statements/{wanted}-1.pdf?" in str(link)
    content = pdf(found.key)
    (full,) = settled.statements(SOUND)
    said = "".join(text_of(content).split())
    for part in full.parts:
        for line in part.lines:
            assert line.pending.entry_id in said
            assert part.entry_id in said
    for words in ("深圳音响", "ヘッドホン", "이어폰", wanted, f"{full.statement.payable / 100:,.2f}"):
        assert words in said, words
    assert b"NotoSansCJK" in content


def test_it_is_written_once_however_often_it_is_asked_for(settled):
    wanted = statement_id(settled)
    for _ in range(3):
        printing.ask(wanted, OPERATOR, settled.now)
    (message,) = messages()
    printing.write(message)
    first = pdf(paper_of(wanted, settled.now).key)

    printing.write(message)
    printing.ask(wanted, OPERATOR, settled.now + PATIENCE)

    assert ([], first) == (messages(), pdf(paper_of(wanted, settled.now).key))


def test_one_that_the_bucket_has_dropped_is_written_anew(settled):
    wanted = statement_id(settled)
    printing.ask(wanted, OPERATOR, settled.now)
    printing.write(messages()[0])

    assert (None, None) == printing.shown(wanted, OPERATOR, settled.now + KEPT)
    printing.ask(wanted, OPERATOR, settled.now + KEPT)
    (message,) = messages()
    printing.write(message)

    assert printing.shown(wanted, OPERATOR, settled.now + KEPT)[1] is not None


def test_a_failure_is_told_and_the_next_try_mends_it(settled, monkeypatch):
    wanted = statement_id(settled)
    printing.ask(wanted, OPERATOR, settled.now)
    (message,) = messages()

    def fails(*_: Any) -> bytes:
        raise RuntimeError("no fonts")

    with monkeypatch.context() as broken:
        broken.setattr("functions.logistics.typst_gateway.typeset", fails)
        assert ["message"] == pump.deliver(printing.QUEUE, message)
    assert PaperState.FAILED is paper_of(wanted, settled.now).state

    assert [] == pump.deliver(printing.QUEUE, message)
    assert PaperState.READY is paper_of(wanted, settled.now).state


def test_anothers_statement_has_no_paper(settled):
    for act in (printing.ask, printing.shown):
        with pytest.raises(NotFound):
            act(statement_id(settled), staff(MILAN), settled.now)
    assert [] == messages()


def test_what_is_printed_adds_up(settled):
    (full,) = settled.statements(SOUND)

    said = paper(full.statement, full.parts, "Shenzhen Audio")

    def minor(text: str) -> int:
        return int(text.replace(",", "").replace(".", ""))

    for line in said.lines:
        taken = (line.converted, line.commission, line.fees, line.withheld, line.reserve)
        assert minor(line.net) == sum(minor(each) for each in taken)
    sums = {name: minor(amount) for name, amount in said.sums}
    assert full.statement.net == sums["Net"] == sum(minor(line.net) for line in said.lines)
    assert full.statement.payable == sums["Payable CNY"]
    assert ("EUR 100.00", "1,234.50") == (said.lines[0].amount, major(123450, "EUR"))


def test_a_merchant_asks_for_its_paper_and_gets_a_link_to_it(settled):
    wanted = statement_id(settled)
    path = f"/v1/statements/{wanted}/pdf"
    assert (202, "pending") == _asked("POST", path)
    printing.write(messages()[0])

    answer = call("GET", path, token=_token())

    assert (200, "ready") == (answer.status, answer.json["status"])
    assert f"statements/{wanted}" in answer.json["url"]


def _asked(method: str, path: str) -> tuple[int, str]:
    answer = call(method, path, token=_token())
    return answer.status, answer.json["status"]


def _token() -> str:
    expires = int((utc_now() + timedelta(minutes=10)).timestamp())
    claims = {"sub": "mbr_1", "sid": "ses_1", "exp": expires, "role": "merchant", "merchant_id": SOUND}
    return auth.sign(claims, auth.ACCESS)
