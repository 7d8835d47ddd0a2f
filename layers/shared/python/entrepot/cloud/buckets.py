"""Private buckets in S3: an object lives for as long as its bucket keeps it, and a link to it for minutes."""

import os
from dataclasses import dataclass

from entrepot.cloud import aws


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket, whose objects are all of one media type."""

    name: str
    media_type: str

    def put(self, key: str, content: bytes) -> None:
        """Sealed by the bucket under the stage's key."""
        aws.client("s3").put_object(Bucket=self.name, Key=key, Body=content, ContentType=self.media_type)

    def link(self, key: str, file_name: str, seconds: int) -> str:
        """What opens an object without signing in, made without a request. A browser saves what it opens.

        Never logged.
        """
        wanted = {
            "Bucket": self.name,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseCacheControl": "no-store",
        }
        made: str = aws.client("s3").generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)
        return made

    def keys_under(self, prefix: str) -> list[str]:
        pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [str(each["Key"]) for page in pages for each in page.get("Contents", [])]

    def drop(self, key: str) -> None:
        aws.client("s3").delete_object(Bucket=self.name, Key=key)

    def drop_under(self, prefix: str) -> int:
        """Returns: how many objects there were."""
        keys = self.keys_under(prefix)
        for key in keys:
            self.drop(key)
        return len(keys)


def bucket(short: str, media_type: str) -> Bucket:
    """The stage's bucket of that name, as the template calls it: `ENTREPOT_PAPERS_BUCKET` for "papers"."""
    return Bucket(os.environ.get(f"ENTREPOT_{short.upper()}_BUCKET") or aws.name(short), media_type)
