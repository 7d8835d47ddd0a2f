"""`make rehearse`: the acts, then what the stand-in does of what AWS does. Exits with 1 if an act ended otherwise."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from infra import package, targets
from infra.artefact import BuildFailed
from infra.delivery import Failed, Refused
from infra.local import accounts as accounts_module
from infra.local.deploy import Aws, adapted
from infra.local.processes import free_ports
from infra.local.rehearsal import acts, probes
from infra.local.rehearsal.acts import Otherwise
from infra.local.rehearsal.probes import Found
from infra.local.setup import Hindrance
from infra.local.stack import ministack
from infra.package import Artefact

_WIDE: Final = 100


class Near:
    """The stand-in, a client of each service made once."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        return self._aws.region

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._aws.client(service)
        return self._clients[service]


def main() -> int:
    try:
        print("  packaging for this machine", flush=True)
        artefact = package.build(targets.host())
        [port] = free_ports(1)
        with tempfile.TemporaryDirectory(prefix="entrepot-rehearsal-") as scratch:
            folder = Path(scratch)
            with ministack(folder / "stage", port):
                return rehearsed(Aws(f"http://127.0.0.1:{port}"), artefact, folder)
    except (Hindrance, BuildFailed, targets.UnsupportedHost) as hindrance:
        print(f"rehearse: {hindrance}", file=sys.stderr)
        return 1


def rehearsed(aws: Aws, artefact: Artefact, folder: Path) -> int:
    near = Near(aws)
    accounts = accounts_module.load_or_create(folder / "accounts.json")
    stage = acts.prepared(near, aws.endpoint, artefact, accounts, folder, _said)
    otherwise = sum(not _played(number, act, stage) for number, act in enumerate(acts.ALL, 1))
    _stops(near, _left_out(artefact))
    print(f"\n  {len(acts.ALL) - otherwise} of {len(acts.ALL)} acts ended as they should.", flush=True)
    return 1 if otherwise else 0


def _played(number: int, act: acts.Act, stage: acts.Stage) -> bool:
    print(f"\n── {number}  {act.title} {'─' * (_WIDE - len(act.title) - 5)}", flush=True)
    began = time.monotonic()
    try:
        came, well = act.play(stage), True
    except (Otherwise, Failed, Refused) as otherwise:
        came, well = f"not as it should: {otherwise}", False
    print(f"  {'✓' if well else '✗'} {came} ({time.monotonic() - began:.1f} s)", flush=True)
    return well


def _left_out(artefact: Artefact) -> set[str]:
    """Types of resources that one machine does without: in the template for AWS, and not in the stand-in's."""
    here, _ = adapted(artefact.template)
    kinds = {name: one["Type"] for name, one in artefact.template["Resources"].items()}
    return {kinds[name] for name in kinds.keys() - here["Resources"].keys()}


def _stops(near: Near, left_out: set[str]) -> None:
    print(f"\n── What AWS does beside, asked of the stand-in {'─' * (_WIDE - 47)}", flush=True)
    with probes.prepared(near) as ground:
        found = [_shown(probes.asked(probe, ground)) for probe in probes.ALL]
        found += [_shown(one) for one in probes.types(ground, left_out)]
    missing = [one for one in found if not one.as_aws]
    print(
        f"\n  Here it stops: {len(missing)} of {len(found)} things are not as on AWS, and are not rehearsed.",
        flush=True,
    )


def _shown(found: Found) -> Found:
    said = found.said if len(found.said) <= _WIDE else f"{found.said[: _WIDE - 1]}…"
    print(f"  {'as AWS' if found.as_aws else 'NOT   '}  {found.what}\n          {said}", flush=True)
    return found


def _said(line: str) -> None:
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
