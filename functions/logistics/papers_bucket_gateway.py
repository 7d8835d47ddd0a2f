"""The private bucket of papers, in S3: an object lives for thirty days, and a link to it for minutes."""

import os
from typing import Final

from entrepot.cloud import aws

_BUCKET: Final = os.environ.get("ENTREPOT_PAPERS_BUCKET") or aws.name("papers")


def put(key: str, content: bytes) -> None:
    """Sealed by the bucket under the stage's key."""
    aws.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=content, ContentType="application/pdf")


def link(key: str, file_name: str, seconds: int) -> str:
    """What opens an object without signing in, made without a request. A browser saves what it opens. Never logged."""
    wanted = {
        "Bucket": _BUCKET,
        "Key": key,
        "ResponseContentDisposition": f'attachment; filename="{file_name}"',
        "ResponseCacheControl": "no-store",
    }
    made: str = aws.client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)
    return made


def drop_under(prefix: str) -> int:
    """Returns: how many objects there were."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=prefix)
    keys = [str(each["Key"]) for page in pages for each in page.get("Contents", [])]
    for key in keys:
        aws.client("s3").delete_object(Bucket=_BUCKET, Key=key)
    return len(keys)
