"""What whoever deploys may do, and what a call of theirs needs."""

import json
from pathlib import Path
from typing import Final

POLICY: Final = Path(__file__).resolve().parents[2] / "infra" / "delivery" / "policy.json"

_ACTIONS: Final = {
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("sts", "GetCallerIdentity"): "",  # everybody may
}
"""Calls whose permission has another name (service authorization reference)."""


def allowed() -> set[str]:
    """The actions of the policy."""
    named = [statement["Action"] for statement in json.loads(POLICY.read_text(encoding="utf-8"))["Statement"]]
    return {action for some in named for action in ([some] if isinstance(some, str) else some)}


def needed(called: set[tuple[str, str]]) -> set[str]:
    """The actions that calls need, each a service and an operation."""
    return {action for call in called if (action := _ACTIONS.get(call, ":".join(call)))}
