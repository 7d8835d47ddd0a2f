"""An artefact as a stage's bucket holds it: archives and template under keys that are made of their content."""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.package import Artefact

DIGITS: Final = 12
_PLACES: Final = ("CodeUri", "ContentUri")


@dataclass(frozen=True, slots=True)
class Edition:
    """What is brought to a stage.

    `release`: its name, which changes with any byte. `build`: what the running API answers. `epoch`: the shapes of data
    that its code writes. `archives`: key → file. `template`: points at the keys, without a bucket.
    """

    release: str
    build: str
    epoch: int
    archives: Mapping[str, Path]
    template: Mapping[str, Any]

    @property
    def template_key(self) -> str:
        return f"templates/{self.release}.json"

    def template_in(self, bucket: str) -> dict[str, Any]:
        """The template as CloudFormation takes it, its archives in `bucket`."""
        placed = copy.deepcopy(dict(self.template))
        for properties, place in _placed(placed):
            properties[place] = {"Bucket": bucket, "Key": properties[place]}
        return placed


def of(artefact: Artefact, epoch: int, template: Mapping[str, Any] | None = None) -> Edition:
    """The edition of an artefact; of its own template where no other is given."""
    keys = {archive.name: key_of(archive) for archive in artefact.archives}
    keyed = copy.deepcopy(dict(template or artefact.template))
    for properties, place in _placed(keyed):
        properties[place] = keys[properties[place]]
    whole = json.dumps([keyed, artefact.build, epoch], sort_keys=True)
    return Edition(
        release=hashlib.sha256(whole.encode()).hexdigest()[:DIGITS],
        build=artefact.build,
        epoch=epoch,
        archives={keys[archive.name]: archive for archive in artefact.archives},
        template=keyed,
    )


def key_of(archive: Path) -> str:
    """A key that changes with the content, for CloudFormation looks at names only."""
    content = hashlib.sha256(archive.read_bytes()).hexdigest()
    return f"code/{content[:20]}-{archive.name}"


def _placed(template: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where a template names archives: the properties and the name of the one that does."""
    return [
        (properties, place)
        for resource in template["Resources"].values()
        for properties in [resource.get("Properties", {})]
        for place in _PLACES
        if place in properties
    ]
