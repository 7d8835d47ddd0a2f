"""What a template says of its functions, with parameters and references resolved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.checks import functions
from infra.package import REGION

ACCOUNT: Final = "000000000000"
_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_NAMED_BY: Final = {"AWS::S3::Bucket": "BucketName", "AWS::DynamoDB::Table": "TableName"}
"""What Ref gives of a resource: the property that names it."""


@dataclass(frozen=True, slots=True)
class Description:
    """A function of a template.

    `archives`: its own, then its layers', as files beside the template. `source`: "SQS", "DynamoDB", "Schedule", or
    "" where nothing but a call starts it. `role`: the logical id of its role. `log_format`: "Text" or "JSON", for what
    the runtime itself logs. Memory is in MiB.
    """

    logical_id: str
    name: str
    handler: str
    runtime: str
    memory_mebibytes: int
    timeout_seconds: int
    environment: Mapping[str, str]
    archives: tuple[str, ...]
    source: str
    role: str
    log_format: str = "Text"

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


def describe(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Description]:
    """All functions of a template by logical id. Parameters that are not given have their defaults.

    Raises: KeyError: something refers to what this cannot resolve.
    """
    resolver = _Resolver(template, parameters)
    everywhere = template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    found = {}
    for logical_id, properties in functions(template):
        own = properties.get("Environment", {}).get("Variables", {})
        events = properties.get("Events", {})
        layers = [template["Resources"][layer["Ref"]]["Properties"] for layer in properties.get("Layers", [])]
        found[logical_id] = Description(
            logical_id=logical_id,
            name=resolver.text(properties["FunctionName"]),
            handler=properties["Handler"],
            runtime=properties["Runtime"],
            memory_mebibytes=properties["MemorySize"],
            timeout_seconds=properties["Timeout"],
            environment={key: resolver.text(value) for key, value in {**everywhere, **own}.items()},
            archives=(properties["CodeUri"], *(layer["ContentUri"] for layer in layers)),
            source=next((event["Type"] for event in events.values()), ""),
            role=properties.get("Role", {}).get("Fn::GetAtt", [""])[0],
            log_format=properties.get("LoggingConfig", {}).get("LogFormat", "Text"),
        )
    return found


class _Resolver:
    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._resources = template["Resources"]
        defaults = {
            name: str(parameter["Default"])
            for name, parameter in template.get("Parameters", {}).items()
            if "Default" in parameter
        }
        unknown = parameters.keys() - template.get("Parameters", {}).keys()
        if unknown:
            raise KeyError(f"the template has no parameters {sorted(unknown)}")
        self._known = {**_PSEUDO, **defaults, **parameters}

    def text(self, value: Any) -> str:
        if isinstance(value, str | int):
            return str(value)
        ((function, argument),) = value.items()
        if function == "Ref":
            return self._named(argument)
        if function == "Fn::Sub":
            return re.sub(r"\$\{([\w:]+)\}", lambda match: self._named(match[1]), argument)
        if function == "Fn::Join":
            return str(argument[0]).join(self.text(part) for part in argument[1])
        raise KeyError(f"{function} is not resolved here")

    def _named(self, name: str) -> str:
        if name in self._known:
            return self._known[name]
        resource = self._resources[name]
        return self.text(resource["Properties"][_NAMED_BY[resource["Type"]]])
