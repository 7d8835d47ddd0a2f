"""What every test starts from: a stage called test, credentials that open nothing, and an AWS where asked for."""

import os
from collections.abc import Iterator

import pytest

os.environ.update(
    ENTREPOT_STAGE="test",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_EC2_METADATA_DISABLED="true",
)

from tests.support import aws as stand_in  # noqa: E402  the stage is read when the platform is first imported


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS in this process, with every table, queue, key and secret of the template."""
    with stand_in.in_process():
        yield
