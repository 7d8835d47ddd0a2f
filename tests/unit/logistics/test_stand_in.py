"""Our gateways understand the stand-in for carriers, which was written apart from them."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.logistics import tariffs
from functions.logistics.domain.carriers import alias_of
from functions.logistics.domain.shipment import Status
from functions.logistics.service import SOURCES
from infra.local.carriers import payloads

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
# What EasyPost has no word for.
LOST = {("easypost", "customs"): "in_transit", ("easypost", "attempt_failed"): "exception"}


@pytest.mark.parametrize("carrier", sorted(tariffs.carriers()))
@pytest.mark.parametrize("status", [status.value for status in Status])
@pytest.mark.parametrize("source", payloads.SOURCES)
def test_a_scan_told_by_the_stand_in_is_read_as_it_was_meant(source, status, carrier):
    scans = [
        payloads.Scan(NOW - timedelta(hours=1), "in_transit", "Departed", "Shenzhen, CN"),
        payloads.Scan(NOW, status, "Latest", "Leipzig, DE"),
    ]
    parcel = payloads.Parcel(carrier, "YT2612345678901234")

    told = payloads.webhook(source, parcel, scans, "secret", NOW)
    headers = {name.lower(): value for name, value in told.headers.items()}
    report = SOURCES[source].report(told.body)

    assert SOURCES[source].is_signed(told.body, headers[SOURCES[source].header], "secret")
    assert report is not None
    assert report.carrier is not None
    assert carrier == alias_of(source, report.carrier, tariffs.carriers().values())
    assert [
        (NOW - timedelta(hours=1), "in_transit", "Departed"),
        (NOW, LOST.get((source, status), status), "Latest"),
    ] == sorted((scan.time, scan.status.value, scan.message) for scan in report.scans)
