"""Statements and the trial balance over HTTP."""

from entrepot.cloud.call import Call
from entrepot.cloud.http import Api
from functions.settlement.service import reading
from functions.settlement.views import (
    StatementsQuery,
    StatementsView,
    StatementView,
    TrialBalanceView,
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


@api.get("/v1/ledger/trial-balance", allow="ledger.read")
def trial_balance(call: Call) -> TrialBalanceView:
    return trial_balance_view(reading.trial_balance(call.now))
