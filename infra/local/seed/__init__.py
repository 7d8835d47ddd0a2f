"""The demo data of one machine: people written directly, everything else over HTTP as its owner would.

Seeding again changes nothing: what stands is found and left alone.
"""

import json
import os
import subprocess
import sys
import time

from infra.local.accounts import Accounts
from infra.local.client import Unanswered
from infra.local.seed import data, goods
from infra.local.setup import ROOT, Hindrance, Line, child_environment
from infra.package import REGION

DEFAULT_STAGE = os.environ.get("ENTREPOT_STAGE", "local")
"""The stage that the platform itself takes where it is told none."""


def seed(base_url: str, accounts: Accounts, aws_endpoint: str, stage: str = DEFAULT_STAGE) -> None:
    """Put the demo data into a stage that serves at `base_url`, and say so in one line.

    Args: accounts: e-mail and password by role. aws_endpoint: where the stage's tables are.
    Raises: Hindrance: it could not be done.
    """
    began = time.monotonic()
    demo = data.load()
    line = Line("demo data")
    line.show("accounts")
    create_people(demo, accounts, aws_endpoint, stage)
    try:
        done = goods.create(base_url, accounts, demo, lambda text: line.show(text, moving=True))
    except Unanswered as failed:
        line.end("failed")
        raise Hindrance(f"The demo data could not be put in place: {failed}.") from None
    line.end(f"{done}, {time.monotonic() - began:.1f} s")


def create_people(demo: data.Demo, accounts: Accounts, aws_endpoint: str, stage: str) -> None:
    """Merchants and accounts, written by a process of its own: the platform reads stage and address of AWS once.

    Raises: Hindrance.
    """
    settings = child_environment(
        ENTREPOT_STAGE=stage,
        AWS_ENDPOINT_URL=aws_endpoint,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
    )
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.seed.people"],
        input=json.dumps(accounts),  # passwords are no arguments: those are for every process to read
        env=settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it gives no reason"]
        raise Hindrance(
            f"The demo's {len(demo.merchants)} merchants and accounts could not be made: {said[-1]}"
        )
