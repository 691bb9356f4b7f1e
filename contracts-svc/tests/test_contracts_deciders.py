"""Decisions of the contracts service, as sentences over data."""

from datetime import date

import pytest

from contracts_svc import application, group, host, household, membership, person, role_assignments
from grenier.language.contracts import (
    DutyMoved,
    GroupFounded,
    GroupSettingsChanged,
    HostOrganisationRegistered,
    HouseholdFormed,
    MemberNumberGiven,
    MembershipEnded,
    MembershipGranted,
    MembershipRequested,
    MembershipTierChanged,
    PersonErased,
    PersonRegistered,
    RoleAssigned,
    Tier,
    TiersDefined,
)
from grenier.testing import given

QUARTIER, SOLIDAIRE = Tier(code="neighbourhood", name="Quartier"), Tier(code="solidarity", name="Solidaire")
HOST = HostOrganisationRegistered(host_id="h", name="VRAC", founder_id="p")
TIERS = TiersDefined(host_id="h", tiers=[QUARTIER, SOLIDAIRE])
FOUNDED = GroupFounded(group_id="g", host_id="h", kind="buying_group", name="Mermoz")
GRANTED = MembershipGranted(
    membership_id="m", household_id="x", group_id="g", number=1, tier="neighbourhood",
    valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31),
)  # fmt: skip


def found(founder: str) -> host.FoundFederation:
    return host.FoundFederation(
        host_id="h", name="VRAC", time_zone="Europe/Paris", founder_id=founder, tiers=(QUARTIER,)
    )


class TestTheFederation:
    def test_is_founded_with_its_tiers(self):
        registered = HostOrganisationRegistered(host_id="h", name="VRAC", founder_id="p")
        given(host.decider).when(found("p")).then(registered, TiersDefined(host_id="h", tiers=[QUARTIER]))

    def test_founding_it_again_by_the_same_call_says_nothing(self):
        given(host.decider, HOST, TIERS).when(found("p")).nothing()

    def test_is_founded_once(self):
        given(host.decider, HOST, TIERS).when(found("somebody else")).rejected("federation-exists")

    def test_a_tier_that_memberships_name_cannot_disappear(self):
        given(host.decider, HOST, TIERS).when(host.DefineTiers(host_id="h", tiers=(QUARTIER,))).rejected("tier-in-use")

    def test_the_same_tiers_again_say_nothing(self):
        given(host.decider, HOST, TIERS).when(host.DefineTiers(host_id="h", tiers=(QUARTIER, SOLIDAIRE))).nothing()

    @pytest.mark.parametrize(
        "tiers",
        [(), (QUARTIER, QUARTIER), (Tier(code="x", name="X", rate_bp=0),), (Tier(code="x", name="X", dues_cents=-1),)],
    )
    def test_tiers_have_codes_rates_and_dues(self, tiers):
        given(host.decider, HOST).when(host.DefineTiers(host_id="h", tiers=tiers)).rejected("invalid")


class TestAGroup:
    def test_changes_only_what_is_different(self):
        change = group.ChangeGroupSettings(group_id="g", name="Mermoz", place="Maison des familles")
        changed = GroupSettingsChanged(group_id="g", place="Maison des familles")
        given(group.decider, FOUNDED).when(change).then(changed)

    def test_what_was_changed_already_is_not_changed_again(self):
        changed = GroupSettingsChanged(group_id="g", credit_floor_cents=-500)
        change = group.ChangeGroupSettings(group_id="g", credit_floor_cents=-500)
        given(group.decider, FOUNDED, changed).when(change).nothing()

    def test_a_floor_is_set_and_taken_away(self):
        set_ = GroupSettingsChanged(group_id="g", credit_floor_cents=0)
        change = group.ChangeGroupSettings(group_id="g", credit_floor_cents=0)
        given(group.decider, FOUNDED).when(change).then(set_)
        lift = group.ChangeGroupSettings(group_id="g", credit_unlimited=True)
        given(group.decider, FOUNDED, set_).when(lift).then(GroupSettingsChanged(group_id="g", credit_unlimited=True))
        given(group.decider, FOUNDED).when(lift).nothing()
        both = group.ChangeGroupSettings(group_id="g", credit_unlimited=True, credit_floor_cents=0)
        given(group.decider, FOUNDED).when(both).rejected("invalid")

    def test_must_exist(self):
        given(group.decider).when(group.MoveDuty(group_id="g", duty="regulate", to="centre")).rejected("group-missing")

    @pytest.mark.behaviour("S1:34", "S1:2")
    def test_hands_a_duty_to_the_centre_and_takes_it_back(self):
        to_centre = DutyMoved(group_id="g", duty="regulate", to="centre")
        given(group.decider, FOUNDED).when(group.MoveDuty(group_id="g", duty="regulate", to="centre")).then(to_centre)
        back = group.MoveDuty(group_id="g", duty="regulate", to="group")
        given(group.decider, FOUNDED, to_centre).when(back).then(DutyMoved(group_id="g", duty="regulate", to="group"))

    def test_a_duty_that_is_there_already_does_not_move(self):
        given(group.decider, FOUNDED).when(group.MoveDuty(group_id="g", duty="regulate", to="group")).nothing()
        given(group.decider, FOUNDED).when(group.MoveDuty(group_id="g", duty="verify_cash", to="centre")).nothing()

    def test_an_unknown_duty_is_no_duty(self):
        given(group.decider, FOUNDED).when(group.MoveDuty(group_id="g", duty="sing", to="group")).rejected("invalid")

    @pytest.mark.parametrize(
        ("given_before", "wanted", "number"), [((), 0, 1), ((1, 2), 0, 3), ((7,), 0, 8), ((7,), 3, 3)]
    )
    def test_gives_the_next_number_or_the_one_wanted(self, given_before, wanted, number):
        events = [MemberNumberGiven(group_id="g", household_id=f"x{n}", number=n) for n in given_before]
        give = group.GiveMemberNumber(group_id="g", household_id="new", wanted=wanted)
        expected = MemberNumberGiven(group_id="g", household_id="new", number=number)
        given(group.decider, FOUNDED, *events).when(give).then(expected)

    def test_gives_no_number_twice(self):
        taken = MemberNumberGiven(group_id="g", household_id="x", number=4)
        give = group.GiveMemberNumber(group_id="g", household_id="y", wanted=4)
        assert given(group.decider, FOUNDED, taken).when(give).rejected("number-taken").facts == {"number": 4}

    def test_a_household_keeps_its_number(self):
        taken = MemberNumberGiven(group_id="g", household_id="x", number=4)
        keep = group.GiveMemberNumber(group_id="g", household_id="x")
        given(group.decider, FOUNDED, taken).when(keep).nothing()
        other = group.GiveMemberNumber(group_id="g", household_id="x", wanted=5)
        given(group.decider, FOUNDED, taken).when(other).rejected("number-kept")


class TestAPerson:
    KNOWN = PersonRegistered(person_id="p", sealed={"first_name": "…"})
    ERASED = PersonErased(person_id="p")

    def test_is_erased_once(self):
        given(person.decider, self.KNOWN).when(person.ErasePerson(person_id="p")).then(self.ERASED)
        given(person.decider, self.KNOWN, self.ERASED).when(person.ErasePerson(person_id="p")).nothing()

    def test_nobody_writes_about_an_erased_person(self):
        change = person.ChangePersonDetails(person_id="p", sealed={"phone": "…"})
        given(person.decider, self.KNOWN, self.ERASED).when(change).rejected("person-erased")
        again = person.RegisterPerson(person_id="p", sealed={})
        given(person.decider, self.KNOWN, self.ERASED).when(again).rejected("person-erased")

    def test_a_change_without_a_difference_says_nothing(self):
        given(person.decider, self.KNOWN).when(
            person.ChangePersonDetails(person_id="p", sealed={}, language="fr", digital=True)
        ).nothing()


class TestAHousehold:
    FORMED = HouseholdFormed(household_id="x", group_id="g", person_ids=["a"])

    def test_counts_a_person_once(self):
        form = household.FormHousehold(household_id="x", group_id="g", person_ids=("a", "b", "a"))
        formed = HouseholdFormed(household_id="x", group_id="g", person_ids=["a", "b"])
        given(household.decider).when(form).then(formed)

    def test_is_never_empty(self):
        form = household.FormHousehold(household_id="x", group_id="g", person_ids=())
        given(household.decider).when(form).rejected("household-size")
        leave = household.LeaveHousehold(household_id="x", person_id="a")
        given(household.decider, self.FORMED).when(leave).rejected("last-of-household")

    def test_who_is_in_it_does_not_join_again_and_who_is_not_does_not_leave(self):
        join = household.JoinHousehold(household_id="x", person_id="a")
        given(household.decider, self.FORMED).when(join).nothing()
        leave = household.LeaveHousehold(household_id="x", person_id="z")
        given(household.decider, self.FORMED).when(leave).nothing()

    def test_belongs_to_one_group(self):
        form = household.FormHousehold(household_id="x", group_id="other", person_ids=("a",))
        given(household.decider, self.FORMED).when(form).rejected("household-exists")


class TestAMembership:
    def test_changes_its_tier_while_it_lasts(self):
        changed = MembershipTierChanged(membership_id="m", household_id="x", group_id="g", tier="solidarity")
        change = membership.ChangeTier(membership_id="m", tier="solidarity")
        given(membership.decider, GRANTED).when(change).then(changed)
        given(membership.decider, GRANTED, changed).when(change).nothing()
        ended = MembershipEnded(membership_id="m", household_id="x", group_id="g", on=date(2026, 6, 1))
        given(membership.decider, GRANTED, ended).when(change).rejected("membership-ended")

    def test_does_not_end_before_it_began(self):
        end = membership.EndMembership(membership_id="m", on=date(2025, 12, 31))
        given(membership.decider, GRANTED).when(end).rejected("invalid")

    def test_ends_once(self):
        ended = MembershipEnded(membership_id="m", household_id="x", group_id="g", on=date(2026, 6, 1))
        end = membership.EndMembership(membership_id="m", on=date(2026, 7, 1))
        given(membership.decider, GRANTED, ended).when(end).nothing()


class TestRoles:
    HELD = RoleAssigned(
        assignment_id="a", person_id="p", role="organiser", scope_kind="group", scope_id="g",
        valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30),
    )  # fmt: skip

    def assign(self, **changes) -> role_assignments.AssignRole:
        facts = {
            "assignment_id": "b", "person_id": "p", "role": "organiser", "scope_kind": "group", "scope_id": "g",
            "valid_from": date(2026, 7, 1),
        }  # fmt: skip
        return role_assignments.AssignRole(**facts | changes)

    def test_the_same_office_again_after_the_first_mandate(self):
        given(role_assignments.decider, self.HELD).when(self.assign()).then(
            RoleAssigned(assignment_id="b", person_id="p", role="organiser", scope_kind="group", scope_id="g",
                         valid_from=date(2026, 7, 1))
        )  # fmt: skip

    def test_not_twice_at_the_same_time(self):
        during = self.assign(valid_from=date(2026, 6, 30))
        given(role_assignments.decider, self.HELD).when(during).rejected("role-held")

    @pytest.mark.parametrize(
        ("role", "scope_kind"),
        [("king", "group"), ("organiser", "federation"), ("central_team", "group"), ("producer", "group")],
    )
    def test_a_role_fits_its_scope(self, role, scope_kind):
        given(role_assignments.decider).when(self.assign(role=role, scope_kind=scope_kind)).rejected("invalid")

    def test_is_revoked_once_and_only_when_held(self):
        revoke = role_assignments.RevokeRole(person_id="p", assignment_id="a")
        revoked = role_assignments.decide(role_assignments.decider.fold([self.HELD]), revoke)
        given(role_assignments.decider, self.HELD, *revoked).when(revoke).nothing()
        unknown = role_assignments.RevokeRole(person_id="p", assignment_id="z")
        given(role_assignments.decider, self.HELD).when(unknown).rejected("role-missing")


@pytest.mark.behaviour("S1:111")
class TestAnApplication:
    ASKED = MembershipRequested(application_id="q", group_id="g", person_id="p", charter_accepted_at="2026-11-02")

    def settle(self, decision: application.Decision) -> application.DecideRequest:
        return application.DecideRequest(application_id="q", decision=decision)

    def test_needs_the_charter(self):
        ask = application.RequestMembership(application_id="q", group_id="g", person_id="p", charter_accepted_at="")
        given(application.decider).when(ask).rejected("charter-not-accepted")

    def test_waits_and_is_accepted_later(self):
        waiting = application.decide(application.decider.fold([self.ASKED]), self.settle("wait"))
        [accepted] = application.decide(application.decider.fold([self.ASKED, *waiting]), self.settle("accept"))
        assert accepted.decision == "accept"
        given(application.decider, self.ASKED, *waiting).when(self.settle("wait")).nothing()

    def test_once_decided_stays_decided(self):
        declined = application.decide(application.decider.fold([self.ASKED]), self.settle("decline"))
        given(application.decider, self.ASKED, *declined).when(self.settle("accept")).rejected("application-decided")
