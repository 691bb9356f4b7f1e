"""S4:47: three want a basket while its holder and the holder's household say yes, each process with a memory of its own.

giving(exchanges, rounds=500)     exactly one taker, everybody else told no, and told once
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4

from contracts_svc.exchange.basket import decider
from contracts_svc.exchange.basket_commands import AcceptTaker, BasketFacts, Command, OfferBasket, RequestBasket
from grenier.clock import FixedClock
from grenier.errors import Rejected, Unavailable
from grenier.handling import Handler, Trace
from grenier.language import exchange as x
from grenier.log.protocol import StreamLog
from grenier.readmodel import Fact, fact_of
from tests.contention.streams import MOST_RETRIES, Outcome

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
STARTS = NOW + timedelta(days=4)
EARLY, LATE = ("bob", "cat"), ("dan", "eve")


class Exchanges:
    """As many processes as connections that give baskets from the same log."""

    def __init__(self, logs: Sequence[StreamLog]) -> None:
        self.logs = list(logs)
        self.handlers = [Handler(log, FixedClock(NOW)) for log in self.logs]
        self._turn = itertools.count()

    def offer(self) -> str:
        facts = BasketFacts(
            group_id="g", contract_id="c", subscription_id=uuid4().hex, delivery_id="d", household_id="h",
            on=date(2026, 11, 26), starts_at=STARTS, ends_at=STARTS + timedelta(hours=1), place="",
            parts=(x.BasketPart(option_id="o", title="Panier", quantity=1),), value_cents=1400,
        )  # fmt: skip
        self.tell(
            facts.basket_id, OfferBasket(facts=facts, person_id="ann", audience="takers", cutoff_hours=24, now=NOW)
        )
        return facts.basket_id

    def tell(self, basket_id: str, command: Command) -> str:
        """ "ok" or the code of the refusal; a conflict that outlasts the handler's own tries is asked again."""
        handler = self.handlers[next(self._turn) % len(self.handlers)]
        trace = Trace(command_id=str(uuid4()), actor="x")
        for _ in range(MOST_RETRIES):
            try:
                handler.execute(decider, basket_id, command, trace)
            except Unavailable as late:
                if late.code != "conflict-retry":
                    raise
            except Rejected as refusal:
                return refusal.code
            else:
                return "ok"
        raise TimeoutError("the log never let this writer through")

    def facts(self, basket_id: str) -> list[Fact]:
        return [fact_of(recorded) for recorded in self.logs[0].read(f"basket-{basket_id}")]

    def forget(self, basket_id: str) -> None:
        for handler in self.handlers:
            handler.forget(f"basket-{basket_id}")


def ask(person_id: str) -> RequestBasket:
    return RequestBasket(person_id=person_id, of_household=False, now=NOW)


def accept(person_id: str) -> AcceptTaker:
    return AcceptTaker(person_id=person_id, now=NOW)


def giving(exchanges: Exchanges, rounds: int) -> Outcome:
    """Two have asked; at the same moment two more ask and the household's two grown-ups say yes to one each."""
    outcome, given, late, rng = Outcome(), 0, 0, Random(rounds)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(rounds):
            basket_id = exchanges.offer()
            for person_id in EARLY:
                exchanges.tell(basket_id, ask(person_id))
            commands: list[Command] = [ask(LATE[0]), accept(EARLY[0]), ask(LATE[1]), accept(EARLY[1])]
            # Who begins changes from round to round: on a machine that plays them in turn both ends are seen as well.
            order = rng.sample(range(4), 4)
            told = pool.map(lambda which, at=basket_id, of=commands: exchanges.tell(at, of[which]), order)
            answers = [answer for _, answer in sorted(zip(order, told, strict=True))]
            facts = exchanges.facts(basket_id)
            outcome.problems += told_once(facts)
            accepted = [fact for fact in facts if isinstance(fact.event, x.TakerAccepted)]
            outcome.check(sorted([answers[1], answers[3]]) == ["basket-taken", "ok"], f"the two yeses: {answers}")
            given += len(accepted)
            late += sum(answer == "ok" for answer in (answers[0], answers[2]))
            exchanges.forget(basket_id)
    outcome.check(given == rounds, f"{given} takers of {rounds} baskets")
    outcome.figures = {"rounds": rounds, "given": given, "asked_in_time": late}
    return outcome


def told_once(facts: Sequence[Fact]) -> list[str]:
    """Everybody who asked has one answer: yes for one, no for the others."""
    asked = [fact.event.person_id for fact in facts if isinstance(fact.event, x.BasketRequested)]
    answers: dict[str, int] = dict.fromkeys(asked, 0)
    for fact in facts:
        if isinstance(fact.event, x.TakerAccepted):
            for person_id in (fact.event.person_id, *fact.event.declined_person_ids):
                answers[person_id] = answers.get(person_id, 0) + 1
    found = [f"{person_id} was told {count} times" for person_id, count in answers.items() if count != 1]
    takers = [fact.event.person_id for fact in facts if isinstance(fact.event, x.TakerAccepted)]
    return found if len(takers) == 1 else [*found, f"takers: {takers}"]
