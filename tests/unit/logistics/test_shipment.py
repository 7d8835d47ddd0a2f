"""A shipment and its scans: late, repeated and out of order, and the end is always the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.logistics.domain import shipment as domain
from functions.logistics.domain.shipment import (
    MAX_SCANS,
    Scan,
    Shipment,
    Status,
    is_credible,
    owner_of,
    scan_of,
    status_of,
    with_scans,
)

T0 = datetime(2026, 11, 22, 10, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def shipment(*scans: Scan) -> Shipment:
    fresh = Shipment("shp_1", "ord_1", "mrc_1", "ups", "1Z9999", (("SKU-1", 1),), None, T0)
    return with_scans(fresh, scans)


SCANS = st.lists(
    st.builds(
        Scan,
        st.integers(0, 12).map(at),
        st.sampled_from(Status),
        st.sampled_from(["", "Abfahrt", "清关中"]),
        st.sampled_from(["", "Leipzig"]),
    ),
    max_size=12,
)


@given(SCANS, st.randoms())
def test_any_order_any_repetition_and_any_batching_end_alike(scans, random):
    expected = shipment(*scans)
    delivered = [scan for scan in scans for _ in range(random.randint(1, 3))]
    random.shuffle(delivered)
    ending = shipment()
    while delivered:
        size = random.randint(1, len(delivered))
        batch, delivered = delivered[:size], delivered[size:]
        ending = with_scans(ending, batch)

    assert (expected.status, expected.scans) == (ending.status, ending.scans)


@given(SCANS)
def test_scans_seen_before_change_nothing_at_all(scans):
    once = shipment(*scans)

    assert with_scans(once, scans) is once


@given(SCANS, st.integers(1, 100), st.sampled_from(Status))
def test_an_older_scan_joins_the_list_and_never_moves_the_status_back(scans, earlier, status):
    before = shipment(*scans)
    late = Scan(at(-earlier), status)
    after = with_scans(before, [late])

    assert late == after.scans[0]
    if after.status is not before.status:
        final = (Status.DELIVERED, Status.RETURNED)
        assert status in final or before.status is Status.REGISTERED


@given(SCANS, SCANS)
def test_final_statuses_stay_final(scans, more):
    before = shipment(*scans)
    after = with_scans(before, more)

    if before.status is Status.RETURNED:
        assert Status.RETURNED is after.status
    if before.status is Status.DELIVERED:
        assert after.status in (Status.DELIVERED, Status.RETURNED)


@settings(max_examples=20)
@given(st.integers(0, 40), st.randoms())
def test_the_list_is_bounded_and_keeps_what_is_final(surplus, random):
    many = [Scan(at(hour), Status.IN_TRANSIT) for hour in range(1, MAX_SCANS + surplus)]
    scans = [Scan(at(0), Status.DELIVERED), *many]
    random.shuffle(scans)
    in_parts = with_scans(shipment(*scans[:50]), scans[50:])

    assert Status.DELIVERED is in_parts.status
    assert shipment(*scans).scans == in_parts.scans
    assert min(MAX_SCANS, len(scans)) == len(in_parts.scans)


def test_the_latest_scan_decides():
    moving = shipment(Scan(at(3), Status.CUSTOMS), Scan(at(1), Status.IN_TRANSIT))
    released = with_scans(moving, [Scan(at(5), Status.IN_TRANSIT, "released")])

    assert (Status.CUSTOMS, Status.IN_TRANSIT) == (moving.status, released.status)
    assert [1, 3, 5] == [(scan.time - T0).seconds // 3600 for scan in released.scans]


def test_rank_decides_between_scans_of_one_second():
    assert Status.OUT_FOR_DELIVERY is status_of(
        [Scan(at(1), Status.OUT_FOR_DELIVERY), Scan(at(1), Status.IN_TRANSIT)]
    )


def test_an_announcement_after_movement_does_not_undo_it():
    assert Status.IN_TRANSIT is status_of([Scan(at(1), Status.IN_TRANSIT), Scan(at(2), Status.REGISTERED)])


def test_a_return_outweighs_a_delivery_for_it_ends_with_one():
    assert Status.RETURNED is status_of([Scan(at(1), Status.RETURNED), Scan(at(2), Status.DELIVERED)])


def test_each_change_raises_the_revision_by_one():
    moved = shipment(Scan(at(1), Status.IN_TRANSIT), Scan(at(2), Status.CUSTOMS))

    assert 1 == moved.revision
    assert 2 == with_scans(moved, [Scan(at(3), Status.DELIVERED)]).revision


def test_a_scan_belongs_to_the_newest_shipment_that_could_have_been_scanned():
    old, new = at(-24 * 100), at(0)
    registrations = [(old, "shp_old"), (new, "shp_new")]

    def owner(hours: float) -> str | None:
        return owner_of(Scan(at(hours), Status.IN_TRANSIT), registrations)

    assert "shp_new" == owner(1)
    assert "shp_new" == owner(-24 * 6)  # scanned before the merchant told us of the parcel
    assert "shp_old" == owner(-24 * 8)
    assert owner(-24 * 108) is None
    assert owner(24 * 181) is None


def test_a_clock_may_be_a_day_ahead_and_no_more():
    assert is_credible(Scan(T0 + domain.FUTURE_TOLERANCE, Status.IN_TRANSIT), T0)
    assert not is_credible(Scan(T0 + domain.FUTURE_TOLERANCE + timedelta(seconds=1), Status.IN_TRANSIT), T0)


def test_texts_of_a_scan_are_cut_and_cleaned():
    scan = scan_of(
        T0.replace(microsecond=7), Status.IN_TRANSIT, " left\x00\n the   depot " + "x" * 1000, "海关"
    )

    assert T0 == scan.time
    assert scan.message.startswith("left the depot xxx")
    assert 300 == len(scan.message)
    assert "海关" == scan.place
