"""What must hold after every step, whatever has gone wrong: looked at in the rows that the step has written.

The numbers are those of the things that never break: 2 one attempt has one intent, 3 a message twice is a message once,
5 exact money, 6 an order's total, 7 splits sum to the whole, 8 captured is not above authorised, 9 refunded is not
above captured, 12 the ledger balances and a payout equals the entries it names. Beside them: each statement and each
payout is made once, and whatever is not at rest has somebody who looks after it.

Rows and Stripe's objects are read as documents: nothing here asks the code that is judged.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from entrepot.cloud import aws
from tests.integration.money.stage import Key, Stage
from tests.support.documents import document

CHARGES: Final = ("freight", "duty", "import_tax", "fees")
TAKEN: Final = ("commission", "payment_fee", "logistics_fee", "withheld", "reserve")
ONCE: Final = ("paid", "payment_authorised", "payment_captured", "payment_dispute", "refund_succeeded")
OPEN: Final = ("requested", "pending")
_STAGE: Final = aws.name("")
Sums = dict[tuple[str, str], tuple[int, int]]


class Auditor:
    """Keeps its own books beside the platform's. `findings` is what is wrong, none as long as all is well."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.entries: dict[str, Any] = {}
        self.sums: Sums = defaultdict(lambda: (0, 0))
        self._shards: dict[Key, tuple[int, int]] = {}
        self._payments: dict[str, Any] = {}
        self._settled: dict[str, str] = {}
        self._paid: dict[str, str] = {}
        self._looks: dict[tuple[str, str, str], Callable[[Key, Any], Iterator[str]]] = {
            ("ledger", "entry", "entry"): self._entry,
            ("settlement", "statement", "part"): self._part,
            ("settlement", "statement", "statement"): self._statement,
            ("settlement", "payout", "payout"): self._payout,
            ("payments", "payment", "payment"): self._payment,
            ("orders", "order", "order"): self._order,
        }

    def findings(self) -> list[str]:
        """What is wrong since the last look."""
        touched, self._stage.touched = self._stage.touched, {}
        found: list[str] = []
        for key in sorted(
            touched, key=lambda key: not key[0].endswith("-ledger")
        ):  # what others refer to comes first
            table, pk, sk = key
            row = self._stage.store._tables[table].items.get((pk, sk))
            if row is None:
                continue
            found += self._whole(row)
            look = self._looks.get((table.removeprefix(_STAGE), pk.partition("#")[0], sk.partition("#")[0]))
            if look is not None:
                found += look(key, row)
            elif pk.startswith("balance#"):
                self._shards[key] = int(row["debits"]["N"]), int(row["credits"]["N"])
        return [*found, *self._ledger(), *self._provider()]

    # 5

    def _whole(self, row: Any) -> Iterator[str]:
        """5: no number of any row has a fraction."""
        for name, value in row.items():
            if "N" in value and not value["N"].lstrip("-").isdigit():
                yield f"5: {name} of {row['pk']['S']} is {value['N']}"

    # 6, 7

    def _order(self, key: Key, row: Any) -> Iterator[str]:
        order = document(row, "document")
        lines = [line["bought"] for line in order["lines"]]
        totals = [
            line["goods"]["amount"]
            - line["discount"]["amount"]
            + (line["premium"]["amount"] if line.get("premium") else 0)
            + sum(line[name]["amount"] for name in CHARGES)
            for line in lines
        ]
        if order["total"]["amount"] != sum(totals):
            yield f"6: {order['order_id']} costs {order['total']['amount']}, its lines {sum(totals)}"
        yield from self._lines(order)
        if row["status"]["S"] == "awaiting_payment" and "due_at" not in row:
            yield f"nobody looks after {order['order_id']}, which waits for its payment"

    def _lines(self, order: Any) -> Iterator[str]:
        """6, 7 and 3: units and their prices, and each fact about its money once in its story."""
        name = order["order_id"]
        for line in order["lines"]:
            bought = line["bought"]
            if bought["goods"]["amount"] != bought["unit_price"]["amount"] * bought["quantity"]:
                yield f"6: {bought['sku']} of {name} costs something else than its units"
            if not 0 <= line["shipped"] <= bought["quantity"] - line["cancelled"]:
                yield f"7: {bought['sku']} of {name} is shipped or cancelled too often"
        told = [each for each in order["timeline"] if each["event"].startswith(ONCE)]
        for (event, facts), times in Counter((each["event"], str(each["facts"])) for each in told).items():
            if times > 1:
                yield f"3: {event} {facts} of {name} was taken {times} times"

    # 8, 9

    def _payment(self, key: Key, row: Any) -> Iterator[str]:
        payment = document(row, "payment")
        name, amount = payment["payment_id"], payment["amount"]["amount"]
        if not 0 <= payment["captured"] <= payment["authorised"] <= amount:
            yield f"8: {name} has {payment['captured']} captured of {payment['authorised']} held of {amount}"
        taken = sum(each["amount"] for each in payment["refunds"] if each["status"] != "failed")
        if taken > payment["captured"]:
            yield f"9: {taken} of {payment['captured']} of {name} go back"
        yield from self._risen(name, payment)
        waits = any(each["status"] in OPEN for each in payment["refunds"])
        unfinished = payment["intent_id"] and not payment["captured"] and not payment["cancelled"]
        if (waits or unfinished) and "due_at" not in row:
            yield f"nobody looks after {name}"
        if payment["flags"]:
            yield f"{name} is flagged {payment['flags']}"

    def _risen(self, name: str, payment: Any) -> Iterator[str]:
        """Amounts only rise, a refund that is known stays known, and an attempt has one intent."""
        before = self._payments.get(name)
        self._payments[name] = payment
        if before is None:
            return
        for amount in ("authorised", "captured"):
            if payment[amount] < before[amount]:
                yield f"{amount} of {name} fell from {before[amount]} to {payment[amount]}"
        known = {each["refund_id"]: each["amount"] for each in payment["refunds"]}
        for refund in before["refunds"]:
            if known.get(refund["refund_id"]) != refund["amount"]:
                yield f"{name} has forgotten {refund['refund_id']}"
        if before["intent_id"] and payment["intent_id"] != before["intent_id"]:
            yield f"{name} has a second intent"
        if before["cancelled"] and not payment["cancelled"]:
            yield f"{name} was cancelled and lives"

    # 12

    def _entry(self, key: Key, row: Any) -> Iterator[str]:
        """12: an entry balances in each currency, and is never another than it was."""
        entry = document(row, "entry")
        fact = entry["fact"]
        if fact in self.entries:
            if self.entries[fact] != entry:
                yield f"12: the entry of {fact} was changed"
            return
        self.entries[fact] = entry
        net: Counter[str] = Counter()
        for one in entry["postings"]:
            net[one["currency"]] += one["debit"] - one["credit"]
            moved = one["account"], one["currency"]
            held = self.sums[moved]
            self.sums[moved] = held[0] + one["debit"], held[1] + one["credit"]
        for currency, rest in net.items():
            if rest:
                yield f"12: the entry of {fact} is off by {rest} {currency}"

    def _ledger(self) -> Iterator[str]:
        """12: the running balances are the sums of the entries, and their debits equal their credits."""
        running: Sums = defaultdict(lambda: (0, 0))
        net: Counter[str] = Counter()
        for (_, _, sk), (debits, credits_) in self._shards.items():
            account, _, currency = sk.rpartition("#")
            held = running[account, currency]
            running[account, currency] = held[0] + debits, held[1] + credits_
            net[currency] += debits - credits_
        for currency, rest in net.items():
            if rest:
                yield f"12: the ledger is off by {rest} {currency}"
        for pair in sorted(running.keys() | self.sums.keys()):
            if running[pair] != self.sums[pair]:
                yield f"12: {pair} stands at {running[pair]}, its entries say {self.sums[pair]}"

    def effect(self, fact: str, account: str, currency: str) -> int:
        """What the entry of a fact adds to what is owed on an account."""
        postings = self.entries[fact]["postings"] if fact in self.entries else []
        return sum(
            one["credit"] - one["debit"]
            for one in postings
            if (one["account"], one["currency"]) == (account, currency)
        )

    def balance(self, account: str, currency: str) -> int:
        """Debits less credits."""
        debits, credits_ = self.sums[account, currency]
        return debits - credits_

    # Statements and payouts

    def _part(self, key: Key, row: Any) -> Iterator[str]:
        """Each line is settled once."""
        part = document(row, "part")
        place = f"{key[1]} {key[2]}"
        for line in part["lines"]:
            fact = line["pending"]["fact"]
            if self._settled.setdefault(fact, place) != place:
                yield f"{fact} is settled by {self._settled[fact]} and by {place}"

    def _statement(self, key: Key, row: Any) -> Iterator[str]:
        """7 and 12: an issued statement is the sum of its lines, and its lines are what its entries moved."""
        statement = document(row, "statement")
        if statement["status"] != "issued":
            return
        name, currency = statement["statement_id"], statement["terms"]["currency"]
        payable = f"merchant_payable:{statement['merchant_id']}"
        gross = net = 0
        for part in self._parts(key):
            converted = sum(line["converted"] for line in part["lines"])
            taken = sum(line[charge] for line in part["lines"] for charge in TAKEN)
            own = sum(
                _amount(line["pending"]) for line in part["lines"] if line["pending"]["currency"] == currency
            )
            moved = self.effect(part["fact"], payable, currency)
            if moved != converted - taken - own:
                yield f"12: {part['fact']} moves {moved}, its lines come to {converted - taken - own}"
            gross, net = gross + converted, net + converted - taken
        if statement["gross"] != gross:
            yield f"7: {name} says {statement['gross']}, its lines {gross}"
        charged = ("commission", "payment_fees", "logistics_fees", "withheld", "reserve")
        if statement["gross"] - sum(statement[charge] for charge in charged) != net:
            yield f"7: the charges of {name} are not those of its lines"

    def _parts(self, key: Key) -> Iterable[Any]:
        rows = self._stage.store._tables[key[0]].items
        return [document(row, "part") for (pk, _), row in rows.items() if pk == key[1] and "part" in row]

    def _payout(self, key: Key, row: Any) -> Iterator[str]:
        """12: a payout is made once for its statement, of what that says, and equals the entries it names."""
        payout = document(row, "payout")
        name, statement_id = payout["payout_id"], payout["statement_id"]
        amount, currency = payout["amount"]["amount"], payout["amount"]["currency"]
        if self._paid.setdefault(statement_id, name) != name:
            yield f"{statement_id} is paid out by {self._paid[statement_id]} and by {name}"
        rows = self._stage.store._tables[aws.name("settlement")].items
        statement = document(rows[f"statement#{statement_id}", "statement"], "statement")
        closing = statement["opening"] + statement["gross"] - _taken_of(statement)
        if (amount, currency) != (closing, statement["terms"]["currency"]):
            yield f"12: {name} pays {amount} {currency}, its statement says {closing}"
        account = f"merchant_payable:{payout['merchant_id']}"
        by_id = {entry["entry_id"]: fact for fact, entry in self.entries.items()}
        named = sum(self.effect(by_id.get(each, ""), account, currency) for each in payout["entries"])
        owed = 0 if payout["status"] == "returned" else -amount
        if named != owed:
            yield f"12: {name} is {payout['status']} over {amount}, the entries it names come to {named}"

    # What Stripe has really done

    def _provider(self) -> Iterator[str]:
        """2, 8 and 9 at the provider: one intent for an attempt, one refund for a request, never more than there is."""
        stripe = self._stage.stripe
        intents = stripe.things("payment_intent")
        attempts = Counter(each["metadata"]["payment_id"] for each in intents)
        yield from (f"2: {name} was asked for {times} times" for name, times in attempts.items() if times > 1)
        asked = Counter(each["metadata"].get("refund_id") for each in stripe.things("refund"))
        yield from (
            f"9: {name} was made {times} times" for name, times in asked.items() if name and times > 1
        )
        back: Counter[str] = Counter()
        for refund in stripe.things("refund"):
            if refund["status"] != "failed":
                back[refund["payment_intent"]] += refund["amount"]
        for intent in intents:
            if intent["amount_received"] > intent["amount"]:
                yield f"8: {intent['id']} has taken {intent['amount_received']} of {intent['amount']}"
            if back[intent["id"]] > intent["amount_received"]:
                yield f"9: {back[intent['id']]} of {intent['amount_received']} of {intent['id']} went back"


def _amount(pending: Any) -> int:
    """What a pending line adds to what its merchant is owed."""
    added: int = pending["goods"] + pending["seller_taxes"] + pending["returned"] - pending["refunded"]
    return added


def _taken_of(statement: Any) -> int:
    charges = ("commission", "payment_fees", "logistics_fees", "withheld", "reserve")
    return sum(statement[charge] for charge in charges)
