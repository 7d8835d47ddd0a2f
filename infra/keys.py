"""The values of a stage's secret, rotated one at a time: `python -m infra.keys list | rotate NAME | forget NAME`.

    list               which keys there are, and until when a former value is accepted; no value is ever printed
    rotate NAME        puts the value that is read from standard input (or made, with `--make`)
    forget NAME        ends the time in which the former value is accepted, at once

While a key that others sign by is rotated, its former value is accepted too, for `--hours`. So rotate here first, wait
six minutes until every process has read the new value, and change it at the other side then: nothing is refused in
between.
"""

import argparse
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import Final

from infra.stage import OUT_OF_REACH, Stage, add_arguments, chosen

NEVER: Final = {
    "identity_key": "members could not be found by their address any more, nor quotas by their person",
    "audit_key": "every entry of the audit log so far would count as forged",
}
LOSES: Final = {
    "order_token_key": "guests lose sight of their orders",
    "cursor_key": "lists that are being paged are refused once",
}
SIGNED_BY: Final = (
    "stripe_webhook_secret",
    "btcpay_webhook_secret",
    "aftership_secret",
    "easypost_secret",
    "seventeentrack_key",
)
"""What others sign by: the former value stays accepted for a while (`entrepot.cloud.aws.accepted`)."""

_FORMER: Final = ".former"
_BYTES: Final = 32


class Refused(Exception):
    """Why a key is not rotated; the message is one line."""


def rotate(
    stage: Stage, name: str, value: str, hours: int, now: datetime, *, accept_loss: bool = False
) -> str:
    """Put a new value. Returns: what has changed, in a line. Raises: Refused."""
    if name in NEVER:
        raise Refused(f"{name} is never rotated: {NEVER[name]}.")
    if name in LOSES and not accept_loss:
        raise Refused(f"{name} is not rotated without --accept-loss: {LOSES[name]}.")
    held = stage.secret()
    if name not in held:
        raise Refused(f"The secret of {stage.name} has no {name}.")
    if not value.strip() or value != value.strip():
        raise Refused("The new value is empty, or begins or ends with a blank.")
    if value == held[name]:
        raise Refused(f"{name} has this value already.")
    after = {**held, name: value}
    until = now + timedelta(hours=hours)
    overlaps = name in SIGNED_BY and held[name] != ""
    if overlaps:
        after[name + _FORMER] = f"{until.isoformat(timespec='seconds')} {held[name]}"
    stage.put_secret(after)
    if overlaps:
        return f"{name} is new; the former value is accepted until {until:%Y-%m-%d %H:%M} UTC"
    return f"{name} is new, in every process within five minutes"


def forget(stage: Stage, name: str) -> str:
    """Accept the former value of a key no longer. Raises: Refused: there is none."""
    held = stage.secret()
    if held.pop(name + _FORMER, None) is None:
        raise Refused(f"{name} has no former value.")
    stage.put_secret(held)
    return f"the former value of {name} is accepted for five minutes more at most"


def listed(stage: Stage) -> list[str]:
    """Each key with what may be done with it, a line each."""
    held, told = stage.secret(), []
    for name in sorted(name for name in held if not name.endswith(_FORMER)):
        until = held.get(name + _FORMER, "").partition(" ")[0]
        how = "never rotated" if name in NEVER else LOSES.get(name, "rotated")
        told.append(f"{name:<24} {how}{f'; former value until {until}' if until else ''}")
    return told


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["list", "rotate", "forget"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--hours", type=int, default=24, help="for how long the former value is accepted")
    parser.add_argument(
        "--make", action="store_true", help="make the value here, for a key that nobody else holds"
    )
    parser.add_argument("--accept-loss", action="store_true")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    stage = chosen(given)
    if given.command == "list":
        print("\n".join(listed(stage)))
        return 0
    if given.name is None:
        parser.error(f"{given.command} needs the name of a key")
    try:
        if given.command == "forget":
            told = forget(stage, given.name)
        else:
            value = secrets.token_hex(_BYTES) if given.make else sys.stdin.readline().rstrip("\n")
            told = rotate(
                stage, given.name, value, given.hours, datetime.now(UTC), accept_loss=given.accept_loss
            )
    except Refused as refused:
        print(f"keys: {refused}", file=sys.stderr)
        return 2
    stage.audit(f"keys.{given.command}", (f"key={given.name}",))
    print(told)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    try:
        sys.exit(main(sys.argv[1:]))
    except OUT_OF_REACH as failed:
        sys.exit(f"keys: {failed}")
