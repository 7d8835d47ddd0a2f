"""The private bucket of exports, in S3: an object lives for a day, and a link to it for minutes."""

import os
from typing import Final

from entrepot.cloud import aws

_BUCKET: Final = os.environ.get("ENTREPOT_EXPORTS_BUCKET") or aws.name("exports")


def put(key: str, content: bytes) -> None:
    """Sealed by the bucket under the stage's key."""
    aws.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=content, ContentType="application/json")


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


def drop(key: str) -> None:
    aws.client("s3").delete_object(Bucket=_BUCKET, Key=key)


def keys_under(prefix: str) -> list[str]:
    """A member has few exports in a day: one page holds them."""
    found = aws.client("s3").list_objects_v2(Bucket=_BUCKET, Prefix=prefix).get("Contents", [])
    return [str(each["Key"]) for each in found]
