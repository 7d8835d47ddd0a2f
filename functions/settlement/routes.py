"""Statements and the ledger over HTTP."""

from msgspec import to_builtins

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from functions.settlement.domain.destinations import Through
from functions.settlement.domain.payouts import PayoutStatus
from functions.settlement.domain.schedules import Every, Schedule
from functions.settlement.payout_views import (
    DestinationBody,
    DestinationsView,
    DestinationView,
    HoldBody,
    HoldView,
    OutcomeBody,
    PayoutFilesView,
    PayoutFileView,
    PayoutsView,
    PayoutView,
    destination_view,
    file_view,
    hold_view,
    payout_view,
)
from functions.settlement.service import destinations, filing, paying, printing, reading, reversing, running
from functions.settlement.views import (
    EntriesQuery,
    EntriesView,
    EntryView,
    FileView,
    ScheduleBody,
    ScheduleView,
    StatementPdfView,
    StatementsQuery,
    StatementsView,
    StatementView,
    TrialBalanceQuery,
    TrialBalanceView,
    csv_view,
    entry_view,
    pdf_view,
    schedule_view,
    statement_view,
    summary_view,
    trial_balance_view,
)

api = Api(__name__)


@api.get("/v1/merchants/{merchant_id}/statements", allow="statements.read", query=StatementsQuery)
def list_statements(call: Call, merchant_id: str) -> StatementsView:
    wanted: StatementsQuery = call.query
    after = call.after(wanted.cursor, merchant_id)
    page = reading.listed(merchant_id, call.member, wanted.limit, after)
    return StatementsView(
        data=[summary_view(statement) for statement in page.items],
        next_cursor=call.cursor(page.next_key, merchant_id),
    )


@api.get("/v1/statements/{statement_id}", allow="statements.read")
def read_statement(call: Call, statement_id: str) -> StatementView:
    return statement_view(reading.statement(statement_id, call.member))


@api.get("/v1/statements/{statement_id}/csv", allow="statements.read")
def read_statement_csv(call: Call, statement_id: str) -> FileView:
    return csv_view(reading.statement(statement_id, call.member))


@api.post("/v1/statements/{statement_id}/pdf", allow="statements.read", status=202)
def ask_for_statement_pdf(call: Call, statement_id: str) -> StatementPdfView:
    printing.ask(statement_id, call.member, call.now)
    return pdf_view(statement_id, *printing.shown(statement_id, call.member, call.now), call.now)


@api.get("/v1/statements/{statement_id}/pdf", allow="statements.read")
def read_statement_pdf(call: Call, statement_id: str) -> StatementPdfView:
    return pdf_view(statement_id, *printing.shown(statement_id, call.member, call.now), call.now)


@api.get("/v1/merchants/{merchant_id}/payout-schedule", allow="statements.read")
def read_schedule(call: Call, merchant_id: str) -> ScheduleView:
    return schedule_view(merchant_id, running.schedule_of(merchant_id, call.member))


@api.put("/v1/merchants/{merchant_id}/payout-schedule", allow="payouts.write", refuses=(422,))
def set_schedule(call: Call, body: ScheduleBody, merchant_id: str) -> ScheduleView:
    wanted = Schedule(Every(body.every), body.on)
    return schedule_view(merchant_id, running.set_schedule(merchant_id, wanted))


@api.get("/v1/ledger/trial-balance", allow="ledger.read", query=TrialBalanceQuery, refuses=(422,))
def trial_balance(call: Call) -> TrialBalanceView:
    wanted: TrialBalanceQuery = call.query
    return trial_balance_view(reading.trial_balance_at(wanted.as_of, call.now))


@api.get("/v1/ledger/entries/{entry_id}", allow="ledger.read")
def read_entry(call: Call, entry_id: str) -> EntryView:
    return entry_view(reading.entry(entry_id))


@api.post("/v1/ledger/entries/{entry_id}/reversal", allow="ledger.write", status=201, refuses=(409, 422))
def reverse_entry(call: Call, entry_id: str) -> EntryView:
    return entry_view(reversing.reverse(entry_id, call.now))


@api.get("/v1/ledger/accounts/{account}/entries", allow="ledger.read", query=EntriesQuery)
def list_entries(call: Call, account: str) -> EntriesView:
    wanted: EntriesQuery = call.query
    binding = f"{account}|{wanted.day.isoformat()}"
    page = reading.entries_of(account, wanted.day, wanted.limit, call.after(wanted.cursor, binding))
    return EntriesView(
        data=[entry_view(entry) for entry in page.items],
        next_cursor=call.cursor(page.next_key, binding),
    )


@api.get("/v1/merchants/{merchant_id}/payouts", allow="statements.read", query=StatementsQuery)
def list_payouts(call: Call, merchant_id: str) -> PayoutsView:
    wanted: StatementsQuery = call.query
    after = call.after(wanted.cursor, merchant_id)
    page = paying.listed(merchant_id, call.member, wanted.limit, after)
    return PayoutsView(
        data=[payout_view(payout) for payout in page.items],
        next_cursor=call.cursor(page.next_key, merchant_id),
    )


@api.post("/v1/payouts/{payout_id}/outcome", allow="payouts.write", refuses=(409,))
def tell_outcome(call: Call, body: OutcomeBody, payout_id: str) -> PayoutView:
    return payout_view(paying.move(payout_id, PayoutStatus(body.status), call.now, body.reason))


@api.put("/v1/merchants/{merchant_id}/payout-hold", allow="payouts.write")
def put_hold(call: Call, body: HoldBody, merchant_id: str) -> HoldView:
    return hold_view(paying.hold(merchant_id, body.reason, call.member, call.now))


@api.delete("/v1/merchants/{merchant_id}/payout-hold", allow="payouts.write", status=204)
def let_go(call: Call, merchant_id: str) -> None:
    paying.let_go(merchant_id)


@api.get("/v1/merchants/{merchant_id}/payout-destinations", allow="statements.read")
def list_destinations(call: Call, merchant_id: str) -> DestinationsView:
    found = destinations.listed(merchant_id, call.member)
    return DestinationsView(data=[destination_view(each) for each in found])


@api.put(
    "/v1/merchants/{merchant_id}/payout-destinations/{currency}", allow="destinations.write", refuses=(422,)
)
def set_destination(call: Call, body: DestinationBody, merchant_id: str, currency: str) -> DestinationView:
    account = destinations.account(Through(body.through), to_builtins(body))
    found = destinations.set_by(call.member, merchant_id, currency, account, call.now)
    return destination_view(found)


@api.get("/v1/payout-files", allow="payout_files.read", query=StatementsQuery)
def list_payout_files(call: Call) -> PayoutFilesView:
    wanted: StatementsQuery = call.query
    page = filing.listed(wanted.limit, call.after(wanted.cursor, "payout-files"))
    return PayoutFilesView(
        data=[file_view(file, None, call.now) for file in page.items],
        next_cursor=call.cursor(page.next_key, "payout-files"),
    )


@api.get("/v1/payout-files/{file_id}", allow="payout_files.read")
def read_payout_file(call: Call, file_id: str) -> PayoutFileView:
    return file_view(*filing.shown(file_id), call.now)
