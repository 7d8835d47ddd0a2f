"""Statements of a bank, as a bank would write them."""

import base64
from collections.abc import Sequence

IBAN = "DE89370400440532013000"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
)


def camt_entry(
    amount: str,
    text: str,
    number: str,
    currency: str = "EUR",
    side: str = "CRDT",
    booked_on: str = "2026-11-25",
) -> str:
    """Args: number: the bank's own reference of the entry; "" where it gives none."""
    own = f"<AcctSvcrRef>{number}</AcctSvcrRef>" if number else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{booked_on}</Dt></BookgDt>{own}"
        f"<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def camt_transfer(amount: str, reference: str, number: str, currency: str = "EUR", back: str = "") -> str:
    """A transfer of ours that was booked. Args: reference: its end-to-end id. back: why it came back; "": it left."""
    side = "CRDT" if back else "DBIT"
    refs = f"<Refs><EndToEndId>{reference}</EndToEndId></Refs>"
    why = f"<RtrInf><Rsn><Cd>{back}</Cd></Rsn></RtrInf>" if back else ""
    entry = camt_entry(amount, "payout", number, currency, side)
    return entry.replace("<TxDtls>", f"<TxDtls>{refs}").replace("</TxDtls>", f"{why}</TxDtls>")


def camt(entries: Sequence[str]) -> bytes:
    account = f"<Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>"
    statement = f"<Stmt><Id>1</Id>{account}{''.join(entries)}</Stmt>"
    return f"{_HEAD}<BkToCstmrStmt>{statement}</BkToCstmrStmt></Document>".encode()


def mt940(lines: Sequence[tuple[str, str, str]]) -> bytes:
    """Args: lines: amount with a comma, text, the bank's own reference."""
    body = "".join(
        f":61:2611251125C{amount}NTRFNONREF//{number}\r\n:86:166?00GUTSCHRIFT?20{text}\r\n"
        for amount, text, number in lines
    )
    head = f":20:STMT1\r\n:25:{IBAN}\r\n:28C:1/1\r\n:60F:C261124EUR0,00\r\n"
    return f"{head}{body}:62F:C261125EUR120,50\r\n".encode()


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
