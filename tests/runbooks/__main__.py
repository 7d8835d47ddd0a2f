"""`make runbooks`: each alarm's cause comes true on the deployed platform, and its page's commands are run as written.

python -m tests.runbooks [PAGE ...]
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.local import stack
from infra.local.setup import Hindrance
from tests.runbooks.blocks import Block, blocks
from tests.runbooks.shell import Shell, ready
from tests.runbooks.stage import Stage
from tests.runbooks.trials import TRIALS, Step
from tests.support.e2e_market import Market

STAGE = "test"


def main() -> int:
    given = argparse.ArgumentParser(prog="make runbooks", description=__doc__)
    given.add_argument(
        "pages", nargs="*", metavar="PAGE", help=f"of {', '.join(TRIALS)}; all where none is given"
    )
    asked = given.parse_args().pages or list(TRIALS)
    unknown = sorted(set(asked) - TRIALS.keys())
    if unknown:
        given.error(f"no trial of {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="entrepot-runbooks-") as folder:
        try:
            ready()
            with stack.running(STAGE, folder=Path(folder), say=lambda line: _say(f"  {line}")) as up:
                return _all(asked, Stage(Market(up)), Path(folder))
        except Hindrance as hindrance:
            _say(str(hindrance))
            return 1


def _all(pages: list[str], stage: Stage, folder: Path) -> int:
    up = stage.market.up
    settings = {
        "STAGE": up.stage,
        "AWS_ENDPOINT_URL": up.aws_endpoint,
        "API": up.base_url,
        "TOKEN": stage.market.operator,
    }
    shell = Shell(folder / "shell", settings)
    _say("", f"{'page':<24}{'block':>6}  {'seconds':>7}  outcome ({shell.cli})", "-" * 78)
    wrong = 0
    for page in pages:
        for step in TRIALS[page]:
            for number, seconds, findings in _tried(page, step, stage, shell):
                wrong += bool(findings)
                _say(f"{page:<24}{number:>6}  {seconds:>7.1f}  {'; '.join(findings) or 'as the page says'}")
    _say(
        "-" * 78,
        f"{wrong} of the commands do not do what their page says."
        if wrong
        else "Every command did what its page says.",
    )
    return 1 if wrong else 0


def _tried(page: str, step: Step, stage: Stage, shell: Shell) -> Iterator[tuple[str, float, list[str]]]:
    """Each block of a step, after its cause: its number, seconds, and what is wrong with it."""
    there = {block.number: block for block in blocks(page)}
    for number, patterns in step.before.items():
        yield str(number), *timed(shell, there[number], {}, patterns, fails=False)
    began = time.monotonic()
    try:
        placeholders = step.cause(stage)
    except AssertionError as failed:
        yield "cause", time.monotonic() - began, [f"the cause did not come true: {failed}"]
        return
    yield "cause", time.monotonic() - began, []
    for number, patterns in step.shows.items():
        yield str(number), *timed(shell, there[number], placeholders, patterns, fails=number in step.fails)


def timed(
    shell: Shell, block: Block, placeholders: Mapping[str, str], patterns: tuple[str, ...], *, fails: bool
) -> tuple[float, list[str]]:
    """The seconds that a block took, and what is wrong with it."""
    began = time.monotonic()
    commands = block.commands
    for name, value in placeholders.items():
        commands = commands.replace(name, value)
    said = shell.run(commands)
    findings = [] if (said.code != 0) == fails else [f"it ended with {said.code}"]
    findings += [
        f"nothing matches {pattern!r}"
        for pattern in patterns
        if not re.search(pattern, said.text, re.MULTILINE)
    ]
    if findings:
        findings.append(f"it printed: {said.text[-1500:].strip()}")
    return time.monotonic() - began, findings


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
