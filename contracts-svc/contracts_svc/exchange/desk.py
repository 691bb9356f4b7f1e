"""What the doors of the exchange share: settings, who is a taker where, the person behind an address or a link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from contracts_svc import contact, group, person
from contracts_svc.exchange import basket, taker
from contracts_svc.exchange.settings import ExchangeSettings
from contracts_svc.views import exchange_questions as questions
from contracts_svc.views import people
from grenier import links
from grenier.doors import Context
from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id

MANAGE = "contracts.exchange"
TAKER = "occasional_taker"
LINK_DAYS = 400


class Friend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is told by name: by e-mail address, or (no address) as a person to be called."""

    first_name: str
    last_name: str = ""
    email: str = ""
    phone: str = ""


def settings(runtime: Runtime, group_id: str) -> ExchangeSettings:
    """Of an exchange that is open; NotFound for no such group, Rejected("exchange-closed")."""
    known = runtime.handler.state(group.decider, group_id)
    if known.founded is None:
        raise NotFound
    if not known.exchange.enabled:
        raise Rejected("exchange-closed", group_id=group_id)
    return known.exchange


def manages(runtime: Runtime, actor: str, group_id: str) -> str:
    """The role by which somebody looks after the exchange; the referent named in the settings does it without one."""
    if role := runtime.access.role_for(actor, MANAGE, group_id=group_id):
        return role
    named = questions.settings(runtime.db, group_id)
    return "referent" if actor and named is not None and named.referent_id == actor else ""


def require_manager(runtime: Runtime, context: Context, group_id: str) -> str:
    role = manages(runtime, context.actor, group_id)
    if not role and standing(runtime, group_id, context.actor).standing in ("active", "pending"):
        raise Forbidden(permission=MANAGE)
    return role or runtime.access.require(context, MANAGE, group_id=group_id)


def standing(runtime: Runtime, group_id: str, person_id: str) -> taker.Taker:
    return runtime.handler.state(taker.decider, taker.taker_id(group_id, person_id))


def belongs(runtime: Runtime, actor: str, group_id: str) -> bool:
    """A member today, somebody with an office in the group or its federation, or one of its takers."""
    known = runtime.access.group(group_id)
    if known is None or not actor:
        return False
    offices = {role["scope_id"] for role in runtime.access.roles_of(actor)}
    if runtime.access.belongs_to(actor, group_id) or offices & {group_id, known["host_id"]}:
        return True
    return standing(runtime, group_id, actor).standing in ("active", "pending") or bool(
        manages(runtime, actor, group_id)
    )


def may_take(runtime: Runtime, person_id: str, found: basket.Basket) -> bool:
    """Whether this person may ask for a basket: named for it, or a taker where it is on offer."""
    offer = found.offer
    if offer is None or not person_id:
        return False
    if person_id == offer.named_person_id:
        return True
    if takes_in(runtime, offer.group_id, person_id):
        return True
    return offer.audience == "federation" and any(
        takes_in(runtime, other, person_id) for other in pool(runtime, offer.group_id)
    )


def takes_in(runtime: Runtime, group_id: str, person_id: str) -> bool:
    """An active taker, who is a member as well where the group asks for that."""
    if not standing(runtime, group_id, person_id).active:
        return False
    its = questions.settings(runtime.db, group_id)
    return its is not None and (not its.members_only or runtime.access.belongs_to(person_id, group_id))


def pool(runtime: Runtime, group_id: str) -> list[str]:
    """Groups of the same federation that share baskets, when this one does as well; itself among them."""
    known = runtime.access.group(group_id)
    shared = questions.federated_groups(runtime.db, known["host_id"]) if known else []
    return shared if group_id in shared else []


def offered(runtime: Runtime, basket_id: str) -> basket.Basket:
    """The basket as its stream has it; NotFound when it was never offered."""
    found = runtime.handler.state(basket.decider, basket_id)
    if found.offer is None:
        raise NotFound
    return found


def is_holder(runtime: Runtime, person_id: str, found: basket.Basket) -> bool:
    return found.offer is not None and person_id in runtime.access.persons_of(found.offer.household_id)


# -- persons -----------------------------------------------------------------------------------------------------


def find_or_register(runtime: Runtime, context: Context, group_id: str, friend: Friend, role: str) -> str:
    """The person who uses this address, else a new one, sealed under a key of their own. Raises Invalid by field."""
    region = runtime.handler.state(group.decider, group_id).phone_region
    texts = {"first_name": friend.first_name, "email": friend.email, "phone": friend.phone}
    details = contact.details(texts | ({"last_name": friend.last_name} if friend.last_name.strip() else {}), region)
    if not details["email"] and not details["phone"]:
        raise Invalid(fields={"email": ["An e-mail address or a phone number is needed."]})
    known = people.by_email(runtime.db, [details["email"]]).get(contact.email_key(details["email"]))
    known = known or questions.taker_by_email(runtime.db, details["email"])
    if known is not None and details["email"]:
        return str(known["person_id"])
    person_id = derived_id(context.command_id, "person")
    register = person.RegisterPerson(
        person_id=person_id, sealed=runtime.keys.seal(person_id, {k: v for k, v in details.items() if v}),
        language=context.language, digital=bool(details["email"]), group_id=group_id,
    )  # fmt: skip
    runtime.tell(person.decider, person_id, register, context, role=role, group_id=group_id, step="person")
    return person_id


def contact_of(runtime: Runtime, person_id: str) -> dict[str, str]:
    """Name, e-mail and phone, for the other side of an accepted exchange; all "" when the person was erased."""
    row = people.person(runtime.db, person_id)
    if row is None:
        return {"name": "", "email": "", "phone": ""}
    name = f"{row['first_name']} {row['last_name']}".strip()
    return {"name": name, "email": str(row["email"]), "phone": str(row["phone"])}


# -- links -------------------------------------------------------------------------------------------------------


def read_link(runtime: Runtime, purpose: str, token: str) -> dict[str, str]:
    """What the link of a mail allows; the person it was made for must still be here."""
    facts = links.read(runtime.settings.session_secret, purpose, token, runtime.clock.now())
    if runtime.access.is_erased(facts["person"]):
        raise NotFound("link-unknown")
    return facts


def confirm_token(runtime: Runtime, group_id: str, person_id: str) -> str:
    expires = runtime.clock.now() + timedelta(days=LINK_DAYS)
    return links.sign(
        runtime.settings.session_secret,
        purposes.EXCHANGE_CONFIRM,
        purposes.exchange_place(group_id, person_id),
        expires,
    )


def as_person(context: Context, person_id: str) -> Context:
    """Who holds the link acts as the person it was sent to."""
    return msgspec.structs.replace(context, actor=person_id)


def tell_taker(runtime: Runtime, context: Context, group_id: str, person_id: str, command: Any, role: str) -> Row:
    key = taker.taker_id(group_id, person_id)
    return runtime.tell(taker.decider, key, command, context, role=role, group_id=group_id, step="taker")
