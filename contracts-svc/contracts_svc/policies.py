"""What follows from facts, in this service. The table is at the bottom."""

from __future__ import annotations

from contracts_svc import person
from grenier.language.contracts import MembershipRequestDecided, PersonErased
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime


def forget_key(runtime: Runtime, fact: Fact) -> None:
    """The door destroys the key as well; this is for the crash between the fact and the key, and after a restore."""
    if isinstance(fact.event, PersonErased):
        runtime.keys.destroy(fact.event.person_id)


def forget_declined(runtime: Runtime, fact: Fact) -> None:
    """Who was declined told us things for a membership that will not be: nothing of it is kept."""
    if isinstance(fact.event, MembershipRequestDecided) and fact.event.decision == "decline":
        person_id = fact.event.person_id
        runtime.react(person.decider, person_id, person.ErasePerson(person_id=person_id), fact, "forget-declined")


POLICIES = (
    Policy("forget-key", ("contracts.person-erased",), forget_key),
    Policy("forget-declined", ("contracts.membership-request-decided",), forget_declined),
)
