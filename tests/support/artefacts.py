"""Artefacts of one small function, for what must be found out of it."""

import json
import textwrap
import zipfile
from pathlib import Path

from infra import targets
from infra.package import Artefact


def of_one_function(folder: Path, source: str, *, memory: int = 128, seconds: int = 5) -> Artefact:
    """An artefact whose only function, `Only`, is `function` of the module `source`, with a layer that is empty."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "function.zip", "w") as zipped:
        zipped.writestr("handler.py", textwrap.dedent(source))
    with zipfile.ZipFile(folder / "layer-shared.zip", "w") as zipped:
        zipped.writestr("python/shared.py", "KNOWN = True\n")
    target = targets.host()
    function = {
        "FunctionName": {"Fn::Sub": "entrepot-${Stage}-only"},
        "Handler": "handler.function",
        "Runtime": target.runtime,
        "MemorySize": memory,
        "Timeout": seconds,
        "CodeUri": "function.zip",
        "Layers": [{"Ref": "SharedLayer"}],
        "Environment": {"Variables": {"ENTREPOT_STAGE": {"Ref": "Stage"}}},
    }
    layer = {"ContentUri": "layer-shared.zip"}
    template = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Resources": {
            "Only": {"Type": "AWS::Serverless::Function", "Properties": function},
            "SharedLayer": {"Type": "AWS::Serverless::LayerVersion", "Properties": layer},
        },
    }
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    return Artefact(folder, target)
