"""A deployed stage whose functions run bare: tables, queues, topics and keys are the stand-in's, the rest is here.

While it stands, the stand-in's own pollers rest. What they do is done here, step by step: the outbox's stream is read
for the relay, queues are read for their consumers, and messages that a consumer did not fail are deleted.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra import package, targets
from infra.local.processes import child, free_ports, listening, module, wait_for
from infra.local.runtime import Code, Description, Function, Invocation, Start, describe
from infra.local.setup import child_environment
from infra.local.stack import Ports, Running
from tests.support import bare_events, bare_front

API_COPIES: Final = 2
_AT_ONCE: Final = 2
_BATCH: Final = 10
_MOST_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function, by its logical id. `source` as the template has it; "API" or "Worker" without one."""

    function: str
    source: str
    event: Any
    done: Invocation


@dataclass(frozen=True, slots=True)
class BareStage(Running):
    """A running stage as clients see it; `invoke` calls our copy of a function."""

    cloud: "Cloud"

    def invoke(self, function: str, event: Any) -> Any:
        return self.cloud.asked(f"entrepot-{self.stage}-{function}", event)


class Cloud:
    """Of a stage that is deployed on the stand-in. Everything that was called is in `calls`."""

    def __init__(self, up: Running, code: Code, template: Mapping[str, Any]) -> None:
        self.calls: list[Call] = []
        self.secrets: set[str] = set()
        self.starts: dict[str, Start | None] = {}
        self._up, self._code, self.template = up, code, template
        self._routes = bare_events.Routes(template)
        self._lock = threading.Lock()
        self._sqs, self._streams = up.client("sqs"), up.client("dynamodbstreams")
        self._lambda, self._iam, self._sts = (up.client(service) for service in ("lambda", "iam", "sts"))
        self._mappings = self._lambda.list_event_source_mappings()["EventSourceMappings"]
        self.functions: dict[str, Description] = {}
        self._copies: dict[str, queue.SimpleQueue[Function]] = {}
        self._rules = self._rule_arns()
        self._stream_arn, self._iterators = self._newest()

    def ready(self, parameters: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Describe all functions by the stage's own parameters, some of them replaced."""
        stacks = self._up.client("cloudformation").describe_stacks(StackName=f"entrepot-{self._up.stage}")
        given = {each["ParameterKey"]: each["ParameterValue"] for each in stacks["Stacks"][0]["Parameters"]}
        self.functions = describe(self.template, {**given, **parameters})
        for name, description in self.functions.items():
            pool: queue.SimpleQueue[Function] = queue.SimpleQueue()
            own = {**environment, **self._credentials(description)}
            for _ in range(API_COPIES if name == "APIHandler" else 1):
                pool.put(Function(description, self._code, environment=own))
            self._copies[name] = pool

    def close(self) -> None:
        copies = [pool.get() for pool in self._copies.values() for _ in range(pool.qsize())]
        with ThreadPoolExecutor(len(copies) or 1) as together:
            list(together.map(Function.close, copies))

    def call(
        self, function: str, event: Any, *, source: str = "", timeout_seconds: float | None = None
    ) -> Invocation:
        """Call a function by its logical id, as AWS would: with one event for one copy at a time."""
        copy = self._copies[function].get()
        try:
            done = copy.invoke(event, timeout_seconds=timeout_seconds)
        finally:
            self._copies[function].put(copy)
        with self._lock:
            self.calls.append(Call(function, source or self.functions[function].source, event, done))
        return done

    def warm(self) -> None:
        """Start every function, some at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._started, self._copies))

    def _started(self, function: str) -> None:
        copy = self._copies[function].get()
        try:
            self.starts[function] = copy.start()
        finally:
            self._copies[function].put(copy)

    def left_in_tmp(self) -> dict[str, list[str]]:
        """The files that each function's present copies have in their /tmp, of those that have any."""
        found: dict[str, list[str]] = {}
        for name, pool in self._copies.items():
            copies = [pool.get() for _ in range(pool.qsize())]
            if files := [file for copy in copies for file in copy.left_in_tmp()]:
                found[name] = files
            for copy in copies:
                pool.put(copy)
        return found

    def api(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, Any] | None:
        event = self._routes.event(method, target, headers, body)
        if event is None:
            return None
        done = self.call("APIHandler", event, source="API")
        assert done.error is None, f"{method} {target}: {done.error}"
        answer: Mapping[str, Any] = done.answer
        return answer

    def asked(self, name: str, event: Any) -> Any:
        """Raises: AssertionError: the function failed."""
        answer, failed = self.ask(name, event)
        assert not failed, f"{name}: {answer}"
        return answer

    def ask(self, name: str, event: Any) -> tuple[Any, bool]:
        """Call a function by its name on AWS. Returns: what it says, and whether it failed."""
        (function,) = (each for each in self.functions.values() if each.name == name)
        done = self.call(function.logical_id, event, source=function.source or "Worker")
        return (done.answer, False) if done.error is None else (done.error, True)

    def clock(self, function: str) -> Invocation:
        """Call a scheduled function by its logical id, for the rule that is deployed for it."""
        return self.call(function, bare_events.of_clock(self._rules[self.functions[function].name]))

    def settle(self) -> None:
        """Until nothing waits in the stream or in a queue. Raises: AssertionError: it never ends."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in range(_MOST_ROUNDS):
                if not self.step(pool):
                    return
        raise AssertionError("the events never end")

    def step(self, pool: ThreadPoolExecutor) -> bool:
        """One look at everything. Returns: whether something was there."""
        relayed = self.relay()
        return any(list(pool.map(self.consume, self.consumers()))) or relayed

    def by_itself(self, ended: threading.Event) -> None:
        """Goes on until it is told to end."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while not ended.is_set():
                if not self.step(pool):
                    ended.wait(0.05)

    def consumers(self) -> list[str]:
        """The functions that read a queue."""
        return sorted(name for name, each in self.functions.items() if each.source == "SQS")

    def relay(self) -> bool:
        """Hand what is new in the outbox's stream to the relay."""
        records = self.new_records()
        for start in range(0, len(records), _BATCH):
            batch = bare_events.of_records(records[start : start + _BATCH], self._stream_arn)
            done = self.call("OutboxRelay", batch)
            assert {"batchItemFailures": []} == done.answer, done
        return bool(records)

    def new_records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for shard, iterator in self._iterators.items():
            read = self._streams.get_records(ShardIterator=iterator)
            self._iterators[shard] = read["NextShardIterator"]
            found += read["Records"]
        return found

    def received(self, function: str) -> list[dict[str, Any]]:
        """Messages of the function's queue, as `ReceiveMessage` gives them."""
        request = {"MaxNumberOfMessages": _BATCH, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
        answer = self._sqs.receive_message(QueueUrl=self._queue_url(function), **request)
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def give_back(self, function: str, messages: list[dict[str, Any]]) -> None:
        """Messages that were received only to be looked at."""
        for message in messages:
            handle = {"QueueUrl": self._queue_url(function), "ReceiptHandle": message["ReceiptHandle"]}
            self._sqs.change_message_visibility(**handle, VisibilityTimeout=0)

    def consume(self, function: str) -> bool:
        """One batch of the function's queue; what it fails stays there and is to be had at once."""
        if not (messages := self.received(function)):
            return False
        done = self.call(function, self.batch(function, messages))
        failed = {each["itemIdentifier"] for each in (done.answer or {}).get("batchItemFailures", [])}
        for message in messages:
            handle = {"QueueUrl": self._queue_url(function), "ReceiptHandle": message["ReceiptHandle"]}
            if done.error is not None or message["MessageId"] in failed:
                self._sqs.change_message_visibility(**handle, VisibilityTimeout=0)
            else:
                self._sqs.delete_message(**handle)
        return True

    def batch(self, function: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
        return bare_events.of_messages(messages, self._queue_arn(function))

    @contextmanager
    def instead_of_the_pollers(self) -> Iterator[None]:
        """The stand-in's pollers and clock rest."""
        events = self._up.client("events")
        rules = [rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("State") == "ENABLED"]
        self._switch(False)
        for rule in rules:
            events.disable_rule(Name=rule)
        try:
            yield
        finally:
            self._switch(True)
            for rule in rules:
                events.enable_rule(Name=rule)

    def _switch(self, enabled: bool) -> None:
        for mapping in self._mappings:
            self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)

    def _credentials(self, function: Description) -> dict[str, str]:
        """A session of the function's own role, so that its policy is checked; whoever runs the tests may have one."""
        role = self._lambda.get_function_configuration(FunctionName=function.name)["Role"]
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self._iam.update_assume_role_policy(
            RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(trust)
        )
        session = self._sts.assume_role(RoleArn=role, RoleSessionName=function.name[:64])
        given = session["Credentials"]
        self.secrets |= {given["SecretAccessKey"], given["SessionToken"]}
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def _rule_arns(self) -> dict[str, str]:
        """By the name of the function that a rule calls."""
        events = self._up.client("events")
        return {
            target["Arn"].rpartition(":")[2]: rule["Arn"]
            for rule in events.list_rules()["Rules"]
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        }

    def _newest(self) -> tuple[str, dict[str, str]]:
        """The outbox's stream, and where each of its shards ends now."""
        (arn,) = (each["EventSourceArn"] for each in self._mappings if ":dynamodb:" in each["EventSourceArn"])
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        return arn, {
            shard["ShardId"]: self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
            )["ShardIterator"]
            for shard in shards
        }

    def _queue_arn(self, function: str) -> str:
        name = self.functions[function].name
        (arn,) = (
            each["EventSourceArn"] for each in self._mappings if each["FunctionArn"].endswith(f":{name}")
        )
        return str(arn)

    def _queue_url(self, function: str) -> str:
        account, name = self._queue_arn(function).split(":")[4:6]
        return f"{self._up.aws_endpoint}/{account}/{name}"


@contextmanager
def bare(up: Running, folder: Path) -> Iterator[BareStage]:
    """A stage's functions run bare, with stand-ins of their own for Stripe and the carriers, while the block runs."""
    with ExitStack() as held:
        artefact = package.build(targets.host())
        code = held.enter_context(Code(artefact))
        cloud = Cloud(up, code, artefact.template)
        held.callback(cloud.close)
        held.enter_context(cloud.instead_of_the_pollers())
        front = held.enter_context(bare_front.served(cloud.api, cloud.ask))
        stripe, carriers = free_ports(2)
        base = f"http://127.0.0.1:{front}"
        for start in _stand_ins(up, folder, base, stripe, carriers):
            held.enter_context(start())
        parameters = {"StripeUrl": f"http://127.0.0.1:{stripe}", "PublicUrl": base}
        cloud.ready(parameters, {"AWS_ENDPOINT_URL": up.aws_endpoint, "AWS_ENDPOINT_URL_LAMBDA": base})
        ports = Ports(front, up.ports.aws, stripe, carriers, up.ports.btcpay)
        yield BareStage(up.stage, ports, up.folder, up.accounts, up.deployment, up.children, cloud=cloud)


def _stand_ins(up: Running, folder: Path, base: str, stripe: int, carriers: int) -> list[Callable[[], Any]]:
    hooks = [
        "--webhook-url",
        f"{base}/v1/webhooks/stripe",
        "--webhook-secret",
        up.accounts["secrets"]["stripe"],
    ]
    commands = {
        "stripe": (stripe, module("infra.local.stripe", "--port", str(stripe), *hooks)),
        "carriers": (
            carriers,
            module(
                "infra.local.carriers",
                *("--port", str(carriers), "--target", base, "--secrets", str(up.folder / "carriers.json")),
            ),
        ),
    }

    @contextmanager
    def started(name: str) -> Iterator[None]:
        port, command = commands[name]
        with child(f"the stand-in for {name}", command, child_environment(), folder / f"{name}.log") as one:
            wait_for(lambda: listening(port), one)
            yield

    return [lambda name=name: started(name) for name in commands]  # type: ignore[misc]
