"""Bringing an edition to a stage, and going back: refuse, propose, show, ask, carry out, watch, write down."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from infra.delivery import DryRunOver, Failed, Refused, alarms, changes, plan, records, smoke, stacks
from infra.delivery.alarms import Watch
from infra.delivery.edition import Edition
from infra.delivery.plan import Plan, Wish
from infra.delivery.progress import Progress
from infra.delivery.records import Kind, Outcome, Record
from infra.delivery.shelf import Shelf
from infra.delivery.stacks import Pause, Request, Stack
from infra.delivery.tree import Origin

Say = Callable[[str], None]

PATIENCE: Final = 8
"""How often a stage is asked, a pause apart, before its answer counts: instances of the old code go in that time."""
QUIET: Final = 20
"""How many looks without an event, a pause apart, count as the end of all work on an update still in progress."""


class Access(Protocol):
    """Somebody's way to AWS, or to what stands in for it."""

    @property
    def region(self) -> str: ...

    def client(self, service: str) -> Any: ...


def _three_seconds() -> None:
    time.sleep(3)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One person's work on one stage."""

    aws: Access
    wish: Wish
    say: Say
    pause: Pause = _three_seconds

    def deploy(self, edition: Edition, origin: Origin) -> str:
        """Bring an edition to the stage. Returns: the release it has then.

        Raises: Refused: nothing was changed. Failed: it was turned back, or does not answer as it should.
        """
        client = self.aws.client("cloudformation")
        stack = stacks.find(client, stacks.name_of(self.wish.stage))
        kind = stacks.kind_of_change(stack)
        plan.require_known(edition.template, self.wish.settings)
        if kind == "CREATE":
            plan.require_addresses(self.wish.stage, self.wish.settings)
        shelf, by = self._shelf()
        known = shelf.records()
        self._require_epoch(edition, known)
        shelf.ensure()
        uploaded = shelf.put(edition)
        self.say(f"{len(uploaded)} of {len(edition.archives) + 1} files uploaded to {shelf.bucket}")
        present = stack.settings if stack and kind == "UPDATE" else {}
        own = {"Stage": self.wish.stage, "Release": edition.release}
        parameters, settings = plan.settled(edition.template, own, self.wish.settings, present)
        coming = Plan(
            kind=Kind.DEPLOY, release=edition.release, build=edition.build, epoch=edition.epoch,
            commit=origin.commit, tested=origin.tested, template_key=edition.template_key,
            archives=tuple(edition.archives), template=edition.template, parameters=parameters, settings=settings,
        )  # fmt: skip
        one_way = edition.epoch > records.highest(known) > 0
        return self._bring(client, stack, kind, shelf, coming, by, one_way=one_way)

    def rollback(self, to: str | None = None) -> str:
        """Go back to the deployment before, or to the one whose release or commit begins with `to`; or, where the stack
        is in the middle of something, bring that to its end. Returns: the release the stage has then.

        Raises: Refused, Failed.
        """
        client = self.aws.client("cloudformation")
        stack = stacks.require(client, stacks.name_of(self.wish.stage))
        if stack.moving or stack.status == "UPDATE_ROLLBACK_FAILED":
            return self._untangle(client, stack)
        kind = stacks.kind_of_change(stack)
        if kind == "CREATE":
            raise Refused(f"The stack {stack.name} was never made: there is nothing to go back to.")
        shelf, by = self._shelf()
        found = records.target(shelf.records(), stack.outputs.get("Release", records.NONE), to)
        shelf.require([found.template_key, *found.archives])
        template = shelf.template(found.template_key)
        own = {"Stage": self.wish.stage, "Release": found.release}
        parameters, settings = plan.settled(template, own, found.settings, {})
        self.say(
            f"back to release {found.release} of {found.at:%Y-%m-%d %H:%M} UTC, commit {found.commit[:10]}"
        )
        coming = Plan(
            kind=Kind.ROLLBACK, release=found.release, build=found.build, epoch=found.epoch, commit=found.commit,
            tested=found.tested, template_key=found.template_key, archives=found.archives, template=template,
            parameters=parameters, settings=settings,
        )  # fmt: skip
        return self._bring(client, stack, kind, shelf, coming, by, one_way=False)

    def listed(self) -> list[str]:
        """The stage's deployments as lines."""
        stack = stacks.find(self.aws.client("cloudformation"), stacks.name_of(self.wish.stage))
        shelf, _ = self._shelf()
        current = stack.outputs.get("Release", records.NONE) if stack else records.NONE
        state = f"{stack.status}, release {current}" if stack else "not there"
        return [f"entrepot-{self.wish.stage}: {state}", *records.listed(shelf.records(), current)]

    def checked(self) -> list[str]:
        """Ask the stage whether it answers, and with what its stack says it has. Raises: Refused, Failed."""
        stack = stacks.require(self.aws.client("cloudformation"), stacks.name_of(self.wish.stage))
        current = stack.outputs.get("Release", records.NONE)
        pile = records.standing(self._shelf()[0].records(), current)
        if not pile:
            raise Refused(
                f"There is no record of the release {current}: deploy the stage by make deploy first."
            )
        try:
            return smoke.check(smoke.asker(self.wish.address(stack.outputs)), pile[-1].build)
        except smoke.Unsound as unsound:
            raise Failed(str(unsound)) from None

    def _shelf(self) -> tuple[Shelf, str]:
        """The bucket, and who asks."""
        who = self.aws.client("sts").get_caller_identity()
        return Shelf(self.aws.client("s3"), self.wish.stage, who["Account"], self.aws.region), who["Arn"]

    def _require_epoch(self, edition: Edition, known: list[Record]) -> None:
        written = records.highest(known)
        records.require_readable(edition.epoch, written, f"The commit's release {edition.release}")
        if edition.epoch > written > 0 and not self.wish.one_way:
            raise Refused(
                f"This release writes data of epoch {edition.epoch} and the stage has {written}: once it has run, "
                "nothing before it can read the data, and there is no way back, by alarms or by hand. "
                "If so, add ONE_WAY=1."
            )

    def _bring(
        self,
        client: Any,
        stack: Stack | None,
        kind: str,
        shelf: Shelf,
        coming: Plan,
        by: str,
        *,
        one_way: bool,
    ) -> str:
        watch = self._watch(coming, kind, one_way=one_way)
        name = stacks.name_of(self.wish.stage)
        request = Request(
            name=f"{coming.kind}-{coming.release}-{secrets.token_hex(4)}",
            kind=kind,
            template_url=shelf.url(coming.template_key),
            parameters=coming.parameters,
            watch=watch.configuration,
            description=coming.description,
            role=self.wish.role,
        )
        proposed = stacks.propose(client, name, request, self.pause)
        if proposed is None:
            return self._as_it_was(client, name, coming)
        found = changes.read(proposed)
        self._show(found, stack, coming)
        try:
            self._require_consent(found)
        except Refused:
            stacks.withdraw(client, name, request.name)
            raise
        present = stacks.require(client, name)
        last = stacks.last_event(client, present.stack_id)
        record = Record(
            at=datetime.now(UTC), kind=coming.kind, release=coming.release, build=coming.build, epoch=coming.epoch,
            commit=coming.commit, tested=coming.tested, by=by, template_key=coming.template_key,
            archives=coming.archives, settings=coming.settings,
        )  # fmt: skip
        shelf.write(record)
        stacks.execute(client, name, request.name)
        expected = frozenset(one.logical_id for one in found if one.effect is not changes.Effect.REMOVED)
        return self._carry_out(
            _Run(self, client, present, kind, Progress(expected), last), shelf, record, watch
        )

    def _carry_out(self, run: "_Run", shelf: Shelf, record: Record, watch: Watch) -> str:
        ended = run.to_the_end(record.build if run.kind == "UPDATE" and watch.minutes else None)
        if ended.status not in stacks.GONE_WELL or ended.outputs.get("Release") != record.release:
            why = run.unsound or run.progress.why
            shelf.write(record.ended(Outcome.TURNED_BACK, why))
            raise Failed(f"{why}\nThe stack {ended.name} is {ended.status}; {_left(ended)}")
        if run.kind == "CREATE" and ended.settings.get("Lasting") == "yes":
            run.client.update_termination_protection(StackName=ended.name, EnableTerminationProtection=True)
            self.say("the stack is protected from being deleted")
        try:
            self._ask(ended, record.build, new=run.kind == "CREATE")
        except smoke.Unsound as unsound:
            shelf.write(record.ended(Outcome.UNSOUND, str(unsound)))
            raise Failed(
                f"{unsound}\nThe stack {ended.name} is {ended.status} and stays so: "
                f"make rollback STAGE={self.wish.stage} goes back."
            ) from None
        shelf.write(record.ended(Outcome.DEPLOYED))
        return record.release

    def _as_it_was(self, client: Any, name: str, coming: Plan) -> str:
        """Nothing would change: say so, and that what is there answers."""
        self.say(f"nothing to change: the stage has release {coming.release} already")
        try:
            self._ask(stacks.require(client, name), coming.build)
        except smoke.Unsound as unsound:
            raise Failed(str(unsound)) from None
        return coming.release

    def _watch(self, coming: Plan, kind: str, *, one_way: bool) -> Watch:
        """The alarms of an update. A new stage has none yet, and what cannot go back must not be sent back by one."""
        if kind == "CREATE" or one_way:
            self.say(
                "no alarm watches this: "
                + ("the stage is new" if kind == "CREATE" else "there is no way back")
            )
            return Watch({}, (), 0)
        watch = alarms.watched(
            self.aws.client("cloudwatch"), coming.template, self.wish.stage, self.wish.alarms, self.wish.minutes,
            even_ringing=self.wish.despite_alarms,
        )  # fmt: skip
        for name in watch.absent:
            self.say(f"{name} is not on the stage yet, and watches from the next deployment on")
        if watch.triggers:
            names = ", ".join(arn.rpartition(":")[2] for arn in watch.triggers)
            self.say(f"turned back by {names}, until {watch.minutes} min after the last change")
        else:
            self.say("no alarm watches this")
        return watch

    def _show(self, found: list[changes.Change], stack: Stack | None, coming: Plan) -> None:
        self.say(f"{coming.description}: {len(found)} resource(s)")
        for line in changes.table(found, colour=self.wish.colour):
            self.say(line)
        for line in plan.differing(stack.settings if stack else {}, coming.settings):
            self.say(f"setting{line}")

    def _require_consent(self, found: list[changes.Change]) -> None:
        """Raises: Refused: something would be lost that was not named, or the answer is no."""
        losing = changes.refused(found, self.wish.allowed)
        if losing:
            told = ", ".join(f"{one.logical_id} {one.effect.value} (loses {one.loses})" for one in losing)
            names = " ".join(one.logical_id for one in losing)
            raise Refused(f'{told}. If that is meant, name what may go: LOSE="{names}".')
        unneeded = changes.unneeded(found, self.wish.allowed)
        if unneeded:
            raise Refused(f"{', '.join(unneeded)} would lose nothing, or is not there: leave it out of LOSE.")
        if self.wish.dry:
            raise DryRunOver("A dry run ends here: the change set is withdrawn, and the stage is as it was.")
        if not self.wish.agreed(f"Do this to entrepot-{self.wish.stage}?"):
            raise Refused("Not agreed: nothing was changed.")

    def _ask(self, stack: Stack, build: str, *, new: bool = False) -> None:
        ask = smoke.asker(self.wish.address(stack.outputs))
        for line in patiently(ask, build, self.pause, new=new):
            self.say(line)

    def _untangle(self, client: Any, stack: Stack) -> str:
        last = stacks.last_event(client, stack.stack_id)
        if stack.status == "UPDATE_IN_PROGRESS":
            if not self.wish.agreed(f"{stack.name} is being updated. Cancel that?"):
                raise Refused("Not agreed: the update goes on.")
            stacks.cancel(client, stack.name)
        elif stack.status == "UPDATE_ROLLBACK_FAILED":
            skipped = sorted(self.wish.allowed)
            if not self.wish.agreed(
                f"{stack.name} could not go back. Try again{' without ' if skipped else ''}{', '.join(skipped)}?"
            ):
                raise Refused("Not agreed: the stack stays as it is.")
            client.continue_update_rollback(StackName=stack.name, ResourcesToSkip=skipped)
        elif stack.status.startswith("CREATE"):
            raise Refused(f"The stack {stack.name} is being made: there is nothing to go back to.")
        else:
            self.say(f"{stack.name} is {stack.status}: waiting for its end")
        run = _Run(self, client, stack, "UPDATE", Progress(frozenset()), last)
        ended = run.to_the_end(None)
        if ended.status not in ("UPDATE_ROLLBACK_COMPLETE", *stacks.GONE_WELL):
            raise Failed(f"{run.progress.why}\nThe stack {ended.name} is {ended.status}; {_left(ended)}")
        self.say(f"{ended.name} is {ended.status}")
        return ended.outputs.get("Release", records.NONE)


@dataclass(slots=True)
class _Run:
    """An operation of the stack, followed to its end."""

    delivery: Delivery
    client: Any
    stack: Stack
    kind: str
    progress: Progress
    last: str
    unsound: str = ""
    began: float = 0.0

    def to_the_end(self, build: str | None) -> Stack:
        """Print what happens until nothing more does. With `build`, ask the stage while the alarms are still being
        watched, and cancel the update if it does not answer as it should: CloudFormation then brings all of it back."""
        self.began = time.monotonic()
        asked, quiet = build is None, 0
        while True:
            now = stacks.require(self.client, self.stack.stack_id)
            quiet = 0 if self._tell() else quiet + 1
            if not now.moving:
                return now
            through = self.progress.settled or (quiet >= QUIET and self.progress.idle)
            if not asked and now.status == "UPDATE_IN_PROGRESS" and through:
                asked = True
                self._ask(now, build or "")
            self.delivery.pause()

    def _tell(self) -> bool:
        """Print what is new. Returns: whether anything was."""
        events = stacks.events_after(self.client, self.stack.stack_id, self.last)
        if events:
            self.last = events[-1].event_id
        for line in self.progress.take(events):
            self.delivery.say(f"{time.monotonic() - self.began:7.1f} s  {line}")
        return bool(events)

    def _ask(self, now: Stack, build: str) -> None:
        try:
            self.delivery._ask(now, build)
        except smoke.Unsound as unsound:
            self.unsound = f"the check failed, and the update was cancelled: {unsound}"
            self.delivery.say(self.unsound)
            stacks.cancel(self.client, now.name)


def patiently(ask: smoke.Ask, build: str, pause: Pause, *, new: bool = False) -> list[str]:
    """The stage's check, tried again a few times before it fails. Raises: smoke.Unsound."""
    for _ in range(PATIENCE - 1):
        try:
            return smoke.check(ask, build, new=new)
        except smoke.Unsound:
            pause()
    return smoke.check(ask, build, new=new)


def _left(stack: Stack) -> str:
    """How things stand after a failure, and what comes next."""
    stage = stack.name.removeprefix("entrepot-")
    if stack.status == "UPDATE_ROLLBACK_COMPLETE":
        return f"the stage has release {stack.outputs.get('Release', records.NONE)}, as before."
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return f"it could not go back either: make rollback STAGE={stage} tries again."
    if stack.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        return f"delete it before the next try: aws cloudformation delete-stack --stack-name {stack.name}"
    return f"see docs/runbooks/deploy.md, and make rollback STAGE={stage} LIST=1."
