"""The private bucket of payout files and of statements as PDF, in S3: a link to an object lives for minutes."""

import os
from typing import Final

from entrepot.cloud import aws

_BUCKET: Final = os.environ.get("ENTREPOT_PAYOUTS_BUCKET") or aws.name("payouts")


def put(key: str, content: bytes, media_type: str) -> None:
    """Sealed by the bucket under the stage's key."""
    aws.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=content, ContentType=media_type)


def link(key: str, file_name: str, seconds: int) -> str:
    """What opens an object without signing in, made without a request. Never logged."""
    wanted = {
        "Bucket": _BUCKET,
        "Key": key,
        "ResponseContentDisposition": f'attachment; filename="{file_name}"',
        "ResponseCacheControl": "no-store",
    }
    made: str = aws.client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)
    return made
