"""`make deploy` and `make rollback`: what is typed, and what is said."""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra import checks, package, targets
from infra.artefact import BuildFailed
from infra.delivery import DryRunOver, Failed, Refused, alarms, edition, shapes, tree
from infra.delivery.plan import Wish
from infra.delivery.service import Delivery
from infra.package import REGION, Artefact

ROOT: Final = Path(__file__).resolve().parents[2]


class Aws:
    """AWS by the environment's settings: profile, keys, region."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self.region: str = self._session.get_config_variable("region") or REGION

    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 8, "mode": "standard"}, read_timeout=300)
        return self._session.create_client(service, region_name=self.region, config=config)


def main(arguments: list[str]) -> int:
    wanted = _parser().parse_args(arguments)
    try:
        return _done(wanted)
    except DryRunOver as over:
        _say(str(over))
        return 0
    except Refused as refused:
        print(f"{wanted.command}: {refused}", file=sys.stderr)
        return 1
    except (Failed, BuildFailed, checks.CheckFailed, targets.UnsupportedHost) as failed:
        print(f"{wanted.command} failed: {failed}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as failed:
        print(f"{wanted.command}: AWS says: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"\nleft; what CloudFormation has begun goes on. make rollback STAGE={wanted.stage} follows or cancels it.",
            file=sys.stderr,
        )
        return 130


def _done(wanted: argparse.Namespace) -> int:
    delivery = Delivery(Aws(), _wish(wanted), _say)
    if wanted.command == "list":
        _all(delivery.listed())
    elif wanted.command == "check":
        _all(delivery.checked())
    elif wanted.command == "rollback":
        _say(f"entrepot-{wanted.stage} has release {delivery.rollback(wanted.to)}")
    else:
        origin = tree.origin(ROOT, untested=wanted.untested)
        artefact = _given(wanted.artefact) if wanted.artefact else _built()
        _say(
            f"entrepot-{wanted.stage} has release {delivery.deploy(edition.of(artefact, shapes.epoch()), origin)}"
        )
    return 0


def _built() -> Artefact:
    """The artefact for AWS of the present sources, checked. Raises: BuildFailed, CheckFailed."""
    _say("packaging")
    artefact = package.build(targets.aws())
    checks.run(artefact.folder, native=False)
    return artefact


def _given(folder: Path) -> Artefact:
    """An artefact built elsewhere, such as by continuous integration. Raises: Refused: of other sources than these."""
    artefact = Artefact(folder.resolve(), targets.aws())
    if not package.made_of(artefact, ROOT):
        raise Refused(f"{folder} was not built for AWS from the sources of this commit by this Python.")
    return artefact


def _wish(wanted: argparse.Namespace) -> Wish:
    return Wish(
        stage=wanted.stage,
        settings=_settings(getattr(wanted, "set", [])),
        allowed=frozenset(getattr(wanted, "lose", [])),
        alarms=tuple(getattr(wanted, "alarm", None) or alarms.DEFAULT),
        minutes=getattr(wanted, "minutes", 0),
        despite_alarms=getattr(wanted, "despite_alarms", False),
        one_way=getattr(wanted, "one_way", False),
        role=getattr(wanted, "role", None),
        dry=getattr(wanted, "dry", False),
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        agreed=(lambda _question: True) if getattr(wanted, "yes", False) else _asked,
    )


def _settings(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if not re.match(r"^[A-Za-z]+=", pair):
            raise Refused(f"A setting is Name=value, not {pair}.")
    return dict(pair.split("=", 1) for pair in pairs)


def _asked(question: str) -> bool:
    """Raises: Refused: nobody is there to answer."""
    if not sys.stdin.isatty():
        raise Refused(f"{question} Nobody answers: add YES=1 where no person is.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _say(line: str) -> None:
    print(line, flush=True)


def _all(lines: list[str]) -> None:
    for line in lines:
        _say(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    deploy = commands.add_parser("deploy", help="bring the present commit to a stage")
    deploy.add_argument(
        "--artefact", type=Path, help="a folder that make package has left, instead of building one"
    )
    deploy.add_argument(
        "--untested", action="store_true", help="although make test has not passed for this commit"
    )
    deploy.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="parameters of the template"
    )
    deploy.add_argument(
        "--one-way", action="store_true", help="although data of a new epoch leaves no way back"
    )
    deploy.add_argument("--dry", action="store_true", help="make the change set, show it and withdraw it")
    rollback = commands.add_parser("rollback", help="go back to the deployment before, or untangle the stack")
    rollback.add_argument("--to", help="the first digits of a release or a commit")
    for moving in (deploy, rollback):
        moving.add_argument(
            "--lose", nargs="+", default=[], metavar="ID", help="resources that may be lost or skipped"
        )
        moving.add_argument(
            "--alarm", nargs="+", metavar="NAME", help="after entrepot-<stage>-; the default is release"
        )
        moving.add_argument(
            "--minutes", type=int, default=10, help="how long alarms are watched after the last change"
        )
        moving.add_argument(
            "--despite-alarms", action="store_true", help="although one of them rings already"
        )
        moving.add_argument("--role", help="ARN of the role that CloudFormation acts under")
        moving.add_argument("--yes", action="store_true", help="do not ask")
    for command in (deploy, rollback, *(commands.add_parser(name) for name in ("list", "check"))):
        command.add_argument("stage")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
