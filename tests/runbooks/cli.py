"""`aws` as the pages' commands see it on this machine: the real CLI, asked in the stand-in's place what that cannot do.

Version 1 of the CLI knows no `--cli-binary-format`, and does by itself what that asks for; and it does not find every
service by `AWS_ENDPOINT_URL`. Filter patterns are applied here, to what the log really holds: the stand-in does not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import jmespath

from tests.runbooks.patterns import compiled


def main(given: Sequence[str]) -> int:
    command = [os.environ["AWS_CLI"], "--endpoint-url", os.environ["AWS_ENDPOINT_URL"]]
    arguments = list(given)
    _taken(arguments, "--cli-binary-format")
    if arguments[:2] != ["logs", "filter-log-events"] or "--filter-pattern" not in arguments:
        return subprocess.run([*command, *arguments], check=False).returncode
    pattern = compiled(_taken(arguments, "--filter-pattern"))
    query, output = _taken(arguments, "--query"), _taken(arguments, "--output") or "json"
    done = subprocess.run([*command, *arguments, "--output", "json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        return done.returncode
    held = json.loads(done.stdout)
    held["events"] = [event for event in held["events"] if pattern(event["message"].rstrip("\n"))]
    _print(jmespath.search(query, held) if query else held, output)
    return 0


def _taken(arguments: list[str], option: str) -> str:
    """The value of an option, which is taken out; empty where it is not given."""
    if option not in arguments:
        return ""
    at = arguments.index(option)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def _print(found: Any, output: str) -> None:
    if output == "json":
        sys.stdout.write(json.dumps(found, indent=4) + "\n")
    elif output == "text" and isinstance(found, list):
        sys.stdout.write("\t".join(map(str, found)) + ("\n" if found else ""))
    else:
        raise SystemExit(f"aws: no output as {output} here")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
