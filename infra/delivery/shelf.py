"""The stage's bucket: archives, templates and records. It stands beside the stack, which is made from what it holds."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.delivery import Refused, records
from infra.delivery.edition import Edition
from infra.delivery.records import Record

_PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """`s3`: a client. `owner`: the account, so that a bucket of the same name elsewhere is never taken for ours."""

    s3: Any
    stage: str
    owner: str
    region: str

    @property
    def bucket(self) -> str:
        return f"entrepot-{self.stage}-artefacts-{self.owner}"

    def ensure(self) -> None:
        """Make the bucket, or bring its settings to what they should be: private, versioned, by TLS only."""
        if not self.exists():
            place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
            self.s3.create_bucket(
                Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {})
            )
        self.s3.put_public_access_block(**self._ours, PublicAccessBlockConfiguration=_PRIVATE)
        self.s3.put_bucket_versioning(**self._ours, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_bucket_policy(**self._ours, Policy=json.dumps(tls_only(self.bucket)))

    def exists(self) -> bool:
        try:
            self.s3.head_bucket(**self._ours)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def put(self, edition: Edition) -> list[str]:
        """Upload what is not there yet. Returns: the keys that were."""
        uploaded = []
        for key, path in edition.archives.items():
            if not self.has(key):
                self.s3.put_object(**self._ours, Key=key, Body=path.read_bytes())
                uploaded.append(key)
        if not self.has(edition.template_key):
            body = json.dumps(edition.template_in(self.bucket), sort_keys=True)
            self.s3.put_object(**self._ours, Key=edition.template_key, Body=body.encode())
            uploaded.append(edition.template_key)
        return uploaded

    def has(self, key: str) -> bool:
        try:
            self.s3.head_object(**self._ours, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def url(self, key: str) -> str:
        """Where CloudFormation reads a template."""
        return f"{self.s3.meta.endpoint_url}/{self.bucket}/{key}"

    def template(self, key: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self._text(key))
        return loaded

    def write(self, record: Record) -> None:
        self.s3.put_object(**self._ours, Key=record.key, Body=record.written().encode())

    def records(self) -> list[Record]:
        """All of the stage, oldest first."""
        if not self.exists():
            return []
        pages = self.s3.get_paginator("list_objects_v2").paginate(**self._ours, Prefix="deployments/")
        keys = sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        return [records.read(self._text(key)) for key in keys]

    def require(self, keys: Iterable[str]) -> None:
        """Raises: Refused: something that a release is made of is no longer there."""
        gone = [key for key in keys if not self.has(key)]
        if gone:
            raise Refused(f"{self.bucket} no longer holds {', '.join(gone)}: deploy the commit anew instead.")

    def _text(self, key: str) -> str:
        text: str = self.s3.get_object(**self._ours, Key=key)["Body"].read().decode()
        return text

    @property
    def _ours(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self.owner}


def tls_only(bucket: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EncryptedOnTheWay",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
