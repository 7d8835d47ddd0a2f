"""A month, hour by hour: orders come, schedules run as they do on AWS, and days go on until all is at rest."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from functions.clearing.service import jobs as clearing
from functions.orders.service import clock as orders_clock
from functions.payments.sweep import sweep
from functions.settlement.domain.payouts import Payout, PayoutStatus
from functions.settlement.service import paying, running
from tests.integration.month.orders import Diary, Order
from tests.integration.month.world import BEGINS, World

DAYS: Final = 30
LONGEST: Final = 75
"""Days after which everything must have come to rest: delivery, fourteen days of return, a dispute, a payout back."""

_SETTLES_AT, _CLEARS_AT, _STATEMENT_AT, _BANK_ACTS_AT = 3, 4, 6, 9
_MOST_RUNS: Final = 20

Told = Callable[[str], None]


@dataclass
class Month:
    world: World
    wanted: int
    diary: Diary = field(default_factory=Diary)
    orders: list[Order] = field(default_factory=list)
    days: int = 0

    def live(self, tell: Told = lambda line: None) -> None:
        """From the first order until nothing is left to do."""
        self._plan()
        for day in range(LONGEST):
            self.days = day + 1
            for hour in range(24):
                self._hour(day, hour)
            self.world.store.expire(int(self.world.clock.at.timestamp()))
            gc.freeze()  # what is stored stays: looking at it again and again takes longer than all the rest
            tell(f"day {day + 1} of {LONGEST}, {sum(each.placed is not None for each in self.orders)} orders")

    def _plan(self) -> None:
        """Orders come at any minute of the month, those of a seed always at the same."""
        minutes = sorted(self.world.chance.randrange(DAYS * 24 * 60) for _ in range(self.wanted))
        for number, minute in enumerate(minutes):
            order = Order(self.world, self.diary, number)
            self.orders.append(order)
            self.diary.note(BEGINS + timedelta(minutes=minute), order.place)

    def _hour(self, day: int, hour: int) -> None:
        world = self.world
        begins = BEGINS + timedelta(days=day, hours=hour)
        if hour == _SETTLES_AT:
            world.clock.at = begins
            running.scheduled(begins)
            world.post.deliver()
        if hour == _CLEARS_AT:
            world.clock.at = begins
            clearing.scheduled(begins)
            world.post.deliver()
        if hour == _STATEMENT_AT:
            world.clock.at = begins
            world.bring_statement()
            world.post.deliver()
        if hour == _BANK_ACTS_AT:
            world.clock.at = begins
            world.give_back()
            self._pay_out()
        for quarter in range(1, 5):
            self._steps(begins + timedelta(minutes=15 * quarter) - timedelta(seconds=1))
        if day <= DAYS or hour % 6 == 0:
            self._schedules()

    def _steps(self, ends: datetime) -> None:
        """What people do in a quarter of an hour, and what follows from it."""
        world, idle = self.world, True
        while (due := self.diary.due(ends)) is not None:
            idle = False
            world.clock.at, step = due
            step()
        world.clock.at = ends
        if not idle:
            world.post.deliver()

    def _schedules(self) -> None:
        """Once an hour what runs each minute on AWS, until nothing is due that can be done."""
        world = self.world
        for _ in range(_MOST_RUNS):
            if not orders_clock.run(world.clock.at) + sweep(world.clock.at):
                break
            world.post.deliver()

    def _pay_out(self) -> None:
        """A person gives the bank its orders; its statements tell what it did, and of a few that they came back."""
        now, chance = self.world.clock.at, self.world.chance
        for payout in self.world.new_payouts():
            paying.move(payout.payout_id, PayoutStatus.SENT, now)
            self.diary.note(now + timedelta(days=1), partial(self._left, payout))
            if chance.randrange(40) == 0:
                self.diary.note(now + timedelta(days=4), partial(self._came_back, payout))

    def _left(self, payout: Payout) -> None:
        self.world.bank.book(payout.amount, f"Payout {payout.payout_id}", leaves=True)

    def _came_back(self, payout: Payout) -> None:
        self.world.bank.book(payout.amount, f"Payout {payout.payout_id}", returned="AC04")
