"""A furnished shop, and a member in it of whom everything is kept that can be."""

from collections.abc import Iterator

import pytest

from entrepot.cloud import aws
from tests.integration.orders.bazaar import Bazaar, World, furnished
from tests.integration.privacy.anna import Anna, known_everywhere


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[World, Anna]]:
    anna: list[Anna] = []
    with (
        pytest.MonkeyPatch.context() as patch,
        furnished([lambda bazaar: anna.append(known_everywhere(bazaar, patch))]) as world,
    ):
        yield world, anna[0]


@pytest.fixture
def bazaar(world: tuple[World, Anna]) -> Bazaar:
    client, bucket = aws.client("s3"), aws.name("exports")
    for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=each["Key"])
    return world[0].restored()


@pytest.fixture
def anna(world: tuple[World, Anna], bazaar: Bazaar) -> Anna:
    """Signed in just now; her orders are over."""
    return world[1]
