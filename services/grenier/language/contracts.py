"""Facts of contracts-svc: who is here, in which group, in which role.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
Personal data stands only in `sealed` fields of person events: {field: ciphertext}, one key per person.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from grenier.language.registry import Event, Part, event

GroupKind = Literal["csa", "buying_group", "third_place"]
ScopeKind = Literal["federation", "group", "producer", "circle", "contract"]


class Tier(Part, frozen=True, kw_only=True):
    """A price tier of memberships (S1:45); `rate_bp`: price as basis points of the list price (10000 = as listed)."""

    code: str
    name: str
    rate_bp: int = 10_000
    dues_cents: int = 0


@event("contracts.host-organisation-registered", public=("host_id", "name"))
class HostOrganisationRegistered(Event, frozen=True, kw_only=True):
    """`founder_id`: the person who may do the first things (role central_team)."""

    host_id: str
    name: str
    time_zone: str = "Europe/Paris"
    founder_id: str = ""


@event("contracts.tiers-defined", public=("host_id", "tiers"))
class TiersDefined(Event, frozen=True, kw_only=True):
    host_id: str
    tiers: list[Tier]


@event("contracts.group-founded", public=("group_id", "host_id", "kind", "name", "place", "time_zone"))
class GroupFounded(Event, frozen=True, kw_only=True):
    group_id: str
    host_id: str
    kind: GroupKind
    name: str
    place: str = ""
    time_zone: str = "Europe/Paris"
    phone_region: str = "FR"
    inclusive_language: bool = True


@event("contracts.group-settings-changed")
class GroupSettingsChanged(Event, frozen=True, kw_only=True):
    """Settings that a group decides on; None leaves a setting as it is."""

    group_id: str
    name: str | None = None
    place: str | None = None
    time_zone: str | None = None
    phone_region: str | None = None
    inclusive_language: bool | None = None
    # The lowest balance that orders may lead to (0 or negative); orders beyond it are refused.
    credit_floor_cents: int | None = None
    # True: there is no floor any more (there is none until one is set).
    credit_unlimited: bool | None = None


@event("contracts.duty-moved")
class DutyMoved(Event, frozen=True, kw_only=True):
    """A duty (regulate, announce, verify…) is done by the centre or by the group from now on (S1:34)."""

    group_id: str
    duty: str
    to: Literal["centre", "group"]


@event("contracts.member-number-given", public=("group_id", "number"))
class MemberNumberGiven(Event, frozen=True, kw_only=True):
    """In the group's stream, so that no number is given twice; a household keeps its number for ever."""

    group_id: str
    household_id: str
    number: int


@event("contracts.producer-registered", public=("producer_id", "host_id", "name", "place"))
class ProducerRegistered(Event, frozen=True, kw_only=True):
    """`name` is a business name, not a person's; the contact is a person with the role producer."""

    producer_id: str
    host_id: str
    name: str
    place: str = ""
    group_id: str = ""


@event("contracts.person-registered")
class PersonRegistered(Event, frozen=True, kw_only=True):
    """`sealed` holds first_name, last_name, email, phone, address, message; `digital` False: to be called by phone (S1:14)."""

    person_id: str
    sealed: dict[str, str]
    language: str = "fr"
    digital: bool = True
    group_id: str = ""


@event("contracts.person-details-changed")
class PersonDetailsChanged(Event, frozen=True, kw_only=True):
    person_id: str
    sealed: dict[str, str]
    language: str | None = None
    digital: bool | None = None


@event("contracts.person-erased")
class PersonErased(Event, frozen=True, kw_only=True):
    """The person's key is destroyed; everything sealed with it is unreadable for ever."""

    person_id: str


@event("contracts.household-formed", public=("group_id",))
class HouseholdFormed(Event, frozen=True, kw_only=True):
    household_id: str
    group_id: str
    person_ids: list[str]


@event("contracts.person-joined-household")
class PersonJoinedHousehold(Event, frozen=True, kw_only=True):
    household_id: str
    group_id: str
    person_id: str


@event("contracts.person-left-household")
class PersonLeftHousehold(Event, frozen=True, kw_only=True):
    household_id: str
    group_id: str
    person_id: str


@event("contracts.membership-granted", public=("membership_id", "group_id", "tier", "valid_from", "valid_until"))
class MembershipGranted(Event, frozen=True, kw_only=True):
    """A household belongs to a group for a period, in a tier; `number` is its member number in the group."""

    membership_id: str
    household_id: str
    group_id: str
    number: int
    tier: str
    valid_from: date
    valid_until: date
    dues_cents: int = 0


@event("contracts.membership-tier-changed", public=("membership_id", "group_id", "tier"))
class MembershipTierChanged(Event, frozen=True, kw_only=True):
    membership_id: str
    household_id: str
    group_id: str
    tier: str


@event("contracts.membership-ended", public=("membership_id", "group_id"))
class MembershipEnded(Event, frozen=True, kw_only=True):
    membership_id: str
    household_id: str
    group_id: str
    on: date


@event("contracts.role-assigned")
class RoleAssigned(Event, frozen=True, kw_only=True):
    assignment_id: str
    person_id: str
    role: str
    scope_kind: ScopeKind
    scope_id: str
    valid_from: date
    valid_until: date | None = None


@event("contracts.role-revoked")
class RoleRevoked(Event, frozen=True, kw_only=True):
    assignment_id: str
    person_id: str
    role: str
    scope_kind: ScopeKind
    scope_id: str


@event("contracts.membership-requested", public=("application_id", "group_id"))
class MembershipRequested(Event, frozen=True, kw_only=True):
    """S1:111: somebody asks to join and has accepted the charter; what they say stands sealed in their person stream."""

    application_id: str
    group_id: str
    person_id: str
    charter_accepted_at: str


@event("contracts.membership-request-decided", public=("application_id", "group_id", "decision"))
class MembershipRequestDecided(Event, frozen=True, kw_only=True):
    """`wait` keeps the request on the waiting list; `decline` also erases what the person told."""

    application_id: str
    group_id: str
    person_id: str
    decision: Literal["accept", "wait", "decline"]
    household_id: str = ""
