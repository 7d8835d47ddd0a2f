"""A stand-in for the carriers' aggregators on 127.0.0.1, made of the standard library.

    python -m infra.local.carriers --port P --target BASE_URL --secrets FILE

It posts signed webhooks of AfterShip, EasyPost and 17TRACK to `{target}/v1/webhooks/carriers/{source}`. FILE
is JSON with their secrets, `{"aftership": ..., "easypost": ..., "17track": ...}`, alone or under `"secrets"`.

    GET  /health                       {"status": "ok"}
    POST /shipments                    {"source": "aftership|easypost|17track", "carrier": "dhl_express",
                                       "tracking_number", "script": [{"time", "status", "message", "place"}]}
    GET  /shipments                    {data: [{source, carrier, tracking_number, scans, sent}]}
    GET  /shipments/{number}           one of them
    POST /shipments/{number}/scans     sends the next scan of the script; each webhook tells the history up to
                                       its own scan

Options of the last, as a JSON object:

    count: 3                the next three, one webhook each
    all: true               all that are left
    scans: [...]            these, put before what is left
    duplicate: 2            each webhook again, twice, the same bytes
    reorder: true           last webhook first, and the newest scan first in each
    stale: true             the first scan alone, as if it were news
    bad_signature: true     signed with another secret
    unsigned: true          without the header

It answers `{tracking_number, sent, remaining, posts: [{status, scans}]}` with the target's statuses, 0 where
it did not answer. A script moves on only by webhooks that were accepted.

A status is one of ours (registered, in_transit, customs, out_for_delivery, available_for_pickup,
attempt_failed, delivered, exception, returned, expired) or a word of the source (InTransit_CustomsReleased).
`payloads` builds and signs the webhooks and is meant to be imported by tests.
"""
