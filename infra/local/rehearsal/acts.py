"""The rehearsed deployments: what is done, and what has to come of it."""

import copy
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from infra.delivery import Failed, Refused, edition, shapes, stacks
from infra.delivery.edition import Edition
from infra.delivery.plan import Wish
from infra.delivery.service import Access, Delivery, Say
from infra.delivery.tree import Origin
from infra.local.accounts import Accounts, app_secret
from infra.local.deploy import adapted
from infra.local.rehearsal.ground import waiting
from infra.package import BUILD, Artefact

STAGE: Final = "dev"
_PAUSE_SECONDS: Final = 0.1
_API_ALONE: Final = "RestAPI MAY BE REPLACED (loses the address under which the stage is known). "


class Otherwise(Exception):
    """Something came of it that was not to; the message says what."""


@dataclass(frozen=True, slots=True)
class Act:
    """`play` says what came of it."""

    title: str
    play: Callable[["Stage"], str]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage on the stand-in, and two releases for it."""

    aws: Access
    endpoint: str
    accounts: Accounts
    first: Edition
    second: Edition
    origin: Origin
    say: Say

    def delivery(self, **wish: Any) -> Delivery:
        wanted = Wish(
            STAGE,
            settings={"Lasting": "no", "StaffSecondFactor": "optional"},
            alarms=("api-failures", "orders-due-errors"),
            minutes=1,
            agreed=lambda _: True,
            address=lambda outputs: f"{self.endpoint}/_aws/execute-api/{outputs['RestAPIId']}/api",
        )
        return Delivery(self.aws, replace(wanted, **wish), self.say, lambda: time.sleep(_PAUSE_SECONDS))

    def deploy(self, coming: Edition, **wish: Any) -> str:
        return self._knowing(
            lambda stage, allowed: stage.delivery(allowed=allowed, **wish).deploy(coming, self.origin)
        )

    def rollback(self, to: str | None = None) -> str:
        return self._knowing(lambda stage, allowed: stage.delivery(allowed=allowed).rollback(to))

    def api(self) -> str:
        """The id of the stage's API."""
        told = stacks.require(self.aws.client("cloudformation"), stacks.name_of(STAGE))
        return told.outputs["RestAPIId"]

    def _knowing(self, move: Callable[["Stage", frozenset[str]], str]) -> str:
        """The stand-in says of any change of an API that it may be replaced; on AWS none of ours replaces it."""
        said: list[str] = []
        try:
            release = move(replace(self, say=said.append), frozenset())
        except Refused as refused:
            if str(refused).startswith(_API_ALONE):
                self.say("with LOSE=RestAPI, for the stand-in does not know what replaces an API")
                return move(self, frozenset({"RestAPI"}))
            self._tell(said)
            raise
        except Failed:
            self._tell(said)
            raise
        self._tell(said)
        return release

    def _tell(self, said: list[str]) -> None:
        for line in said:
            self.say(line)

    def has(self, expected: Edition) -> str:
        """Raises: Otherwise: the stage answers as another release."""
        lines = self.delivery().checked()
        if expected.build not in lines[0] or f"release {expected.release}" not in self.delivery().listed()[0]:
            raise Otherwise(f"the stage has not {expected.release}: {lines[0]}")
        return f"the stage answers as release {expected.release}"


def prepared(
    aws: Access, endpoint: str, artefact: Artefact, accounts: Accounts, scratch: Path, say: Say
) -> Stage:
    """Two releases of the artefact: as it is, and with another stamp in its code and a resource more."""
    epoch = shapes.epoch()
    template, _ = adapted(artefact.template)
    later = Artefact(restamped(artefact, scratch / "later", "rehearsed000"), artefact.target)
    larger = copy.deepcopy(template)
    larger["Resources"]["Rehearsed"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": "2"},
    }
    first, second = edition.of(artefact, epoch, template), edition.of(later, epoch, larger)
    return Stage(aws, endpoint, accounts, first, second, Origin("0" * 40, tested=True), say)


def restamped(artefact: Artefact, folder: Path, stamp: str) -> Path:
    """A copy of an artefact that answers as another build."""
    folder.mkdir()
    for archive in artefact.archives:
        (folder / archive.name).symlink_to(archive)
    (folder / "template.json").symlink_to(artefact.folder / "template.json")
    (folder / artefact.function.name).unlink()
    with (
        zipfile.ZipFile(artefact.function) as was,
        zipfile.ZipFile(folder / artefact.function.name, "w") as now,
    ):
        for entry in was.infolist():
            content = stamp.encode() if entry.filename == BUILD else was.read(entry)
            now.writestr(entry, content, zipfile.ZIP_DEFLATED, 1)
    return folder


def a_new_stage(stage: Stage) -> str:
    _expect(stage.deploy(stage.first), stage.first.release)
    secret = json.dumps(app_secret(stage.accounts))
    stage.aws.client("secretsmanager").put_secret_value(SecretId=f"entrepot-{STAGE}-app", SecretString=secret)
    return stage.has(stage.first)


def the_same_again(stage: Stage) -> str:
    said: list[str] = []
    quiet = replace(stage, say=said.append)
    _expect(quiet.deploy(stage.first), stage.first.release)
    for line in said:
        stage.say(line)
    wanted = ("0 of ", "nothing to change")
    if not all(any(line.startswith(one) for line in said) for one in wanted):
        raise Otherwise("it uploaded something, or changed something")
    return "nothing was uploaded, and nothing changed"


def a_second_release(stage: Stage) -> str:
    before = stage.api()
    _expect(stage.deploy(stage.second), stage.second.release)
    _expect(stage.api(), before)
    return stage.has(stage.second)


def back_to_the_first(stage: Stage) -> str:
    _expect(stage.rollback(), stage.first.release)
    return stage.has(stage.first)


def no_further_back(stage: Stage) -> str:
    return _refused(stage.rollback, "no deployment before")


def forward_by_name(stage: Stage) -> str:
    _expect(stage.rollback(stage.second.release[:6]), stage.second.release)
    return stage.has(stage.second)


def a_table_replaced(stage: Stage) -> str:
    template = _copy(stage.second)
    template["Resources"]["OrdersTable"]["Properties"]["TableName"] = f"entrepot-{STAGE}-orders-2"
    told = _refused(lambda: stage.deploy(_of(stage.second, template, "replacing")), "OrdersTable REPLACED")
    names = stage.aws.client("dynamodb").list_tables()["TableNames"]
    if f"entrepot-{STAGE}-orders-2" in names or f"entrepot-{STAGE}-orders" not in names:
        raise Otherwise("the tables are not what they were")
    return told


def a_table_removed(stage: Stage) -> str:
    template = _copy(stage.second)
    del template["Resources"]["RatesTable"]
    template = json.loads(json.dumps(template).replace('"RatesTable"', '"CustomsTable"'))
    return _refused(lambda: stage.deploy(_of(stage.second, template, "removing")), "RatesTable REMOVED")


def an_alarm_that_is_not_there(stage: Stage) -> str:
    coming = _of(stage.second, _copy(stage.second), "unwatched")
    return _refused(lambda: stage.deploy(coming, alarms=("relase",)), "The template has no alarm")


def a_resource_that_fails(stage: Stage) -> str:
    template = _copy(stage.second)
    template["Resources"] |= waiting(seconds=2)
    try:
        stage.deploy(_of(stage.second, template, "failing"))
    except Failed as failed:
        if "Wait (AWS::CloudFormation::WaitCondition)" not in str(failed):
            raise Otherwise(f"it failed without naming what did: {failed}") from None
        stage.say(str(failed))
        return stage.has(stage.second)
    raise Otherwise("it succeeded")


def another_build_than_was_sent(stage: Stage) -> str:
    template = _copy(stage.second)
    template["Resources"]["Rehearsed"]["Properties"]["Value"] = "3"
    wrong = replace(_of(stage.second, template, "wrong"), build="neverbuilt00")
    try:
        stage.deploy(wrong)
    except Failed as failed:
        stage.say(str(failed))
        if f"as build {stage.second.build}, and neverbuilt00 was deployed" not in str(failed):
            raise Otherwise(f"it failed for another reason: {failed}") from None
        _expect(stage.rollback(), stage.second.release)
        return stage.has(stage.second)
    raise Otherwise("it was taken for well")


def older_code_than_the_data(stage: Stage) -> str:
    newer = replace(_of(stage.second, _copy(stage.second), "newer"), epoch=stage.second.epoch + 1)
    return _refused(lambda: stage.deploy(newer), "ONE_WAY=1")


ALL: Final = (
    Act("A new stage is made, and answers", a_new_stage),
    Act("The same again changes nothing", the_same_again),
    Act("A second release", a_second_release),
    Act("Back to the first", back_to_the_first),
    Act("There is nothing before the first", no_further_back),
    Act("Forward again, by name", forward_by_name),
    Act("A release that would replace the table of orders", a_table_replaced),
    Act("A release that would remove the table of rates", a_table_removed),
    Act("An alarm that the template does not have", an_alarm_that_is_not_there),
    Act("Data that older code could not read", older_code_than_the_data),
    Act("A resource that fails: all of it is turned back", a_resource_that_fails),
    Act("Another build answers than was sent: found, and gone back from", another_build_than_was_sent),
)


def _copy(one: Edition) -> dict[str, Any]:
    return copy.deepcopy(dict(one.template))


def _of(one: Edition, template: dict[str, Any], name: str) -> Edition:
    """The same archives under another template."""
    return replace(one, template=template, release=f"{name:0<12}"[:12])


def _expect(found: str, expected: str) -> None:
    if found != expected:
        raise Otherwise(f"the stage has {found}, not {expected}")


def _refused(call: Callable[[], Any], why: str) -> str:
    try:
        call()
    except Refused as refused:
        if why not in str(refused):
            raise Otherwise(f"it was refused for another reason: {refused}") from None
        return f"refused: {refused}"
    raise Otherwise("it was not refused")
