"""What the functions of the running stack have logged: `python -m infra.local.logs [function] [text]`.

A function is named by the last part of its name, such as `api` or `orders-events`; text keeps the lines that hold it.
"""

import sys
from collections.abc import Iterator
from typing import Any

from infra.local import serve
from infra.local.deploy import Aws
from infra.local.stack import Ports

_PLATFORM = ("START ", "END ", "REPORT ")


def lines(logs: Any, stage: str, function: str = "", text: str = "") -> Iterator[str]:
    """Lines of all functions, or of one, oldest first within a function."""
    prefix = f"/aws/lambda/entrepot-{stage}-"
    for group in logs.describe_log_groups(logGroupNamePrefix=prefix + function)["logGroups"]:
        request: dict[str, Any] = {"logGroupName": group["logGroupName"]}
        while True:
            page = logs.filter_log_events(**request)
            for event in page["events"]:
                said = event["message"].rstrip()
                if text in said and not said.startswith(_PLATFORM):
                    yield f"{group['logGroupName'].removeprefix(prefix):<18} {said}"
            if not page.get("nextToken"):
                break
            request["nextToken"] = page["nextToken"]


def main() -> None:
    function, text = [*sys.argv[1:3], "", ""][:2]
    endpoint = f"http://127.0.0.1:{Ports.in_a_row(serve.port()).aws}"
    for line in lines(Aws(endpoint).client("logs"), serve.STAGE, function, text):
        print(line)


if __name__ == "__main__":
    main()
