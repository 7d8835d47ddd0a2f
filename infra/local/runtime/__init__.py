"""Functions of a packaged template on this machine as Lambda runs them: under its own runtime client, and bare.

    with Code(artefact) as code:
        description = describe(artefact.template, {"Stage": "test"})["OutboxRelay"]
        with Function(description, code, environment={"AWS_ENDPOINT_URL": endpoint}) as relay:
            start = relay.start()
            done = relay.invoke(event)

A function sees the standard library, its archive, its layers and Lambda's environment; it can write to its own `/tmp`
and nowhere else; and it is ended when it takes more memory or time than the template gives it (ADR 85).
"""

from infra.local.runtime.code import Code
from infra.local.runtime.described import Description, describe
from infra.local.runtime.function import Function, Invocation, Start
from infra.local.runtime.ways import Way, ways_here

__all__ = ["Code", "Description", "Function", "Invocation", "Start", "Way", "describe", "ways_here"]
