"""pynamodb without botocore's client still knows an outage when it sees one: in a process that has imported neither."""

import subprocess
import sys

SCRIPT = """
import os
os.environ.update(ENTREPOT_STAGE="test", AWS_DEFAULT_REGION="eu-central-1")
from datetime import UTC, datetime

from entrepot.cloud import dynamo, outbox
from botocore.exceptions import ClientError
import sys

assert "botocore.client" not in sys.modules

def refused(operation, **arguments):
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, operation)

dynamo.call = refused
try:
    outbox.unsent(0, datetime.now(UTC))
except ClientError as error:
    print(error.response["Error"]["Code"])
"""


def test_a_query_that_is_refused_raises_what_any_request_raises() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )

    assert ("InternalServerError\n", 0) == (done.stdout, done.returncode), done.stderr
