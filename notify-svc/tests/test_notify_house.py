"""Notify in its house: which fact is told to whom, the call list, templates, announcements."""

from datetime import UTC, datetime, timedelta

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import contracts, ledger, logistics, matching, orders
from notify_svc.sending import unsubscribe_token

STARTS = datetime(2026, 11, 26, 17, tzinfo=UTC)


def requested(house):
    """(template, person, channel) of every message, in order of template and person."""
    return sorted((m.template, m.person_id, m.channel) for m in house.events("notify.message-requested"))


def mine(house, person):
    return house.call("notify", "my_messages", actor=person)["items"]


@pytest.mark.behaviour("S1:11-15", "S1:14")
def test_when_orders_open_everybody_of_the_group_is_told_by_mail_or_phone(house):
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=STARTS))
    assert requested(house) == [
        ("window-opened", "ann", "email"), ("window-opened", "bob", "phone"), ("window-opened", "cat", "email")]  # fmt: skip
    mail = mine(house, "ann")[0]
    assert mail["subject"] == "Groupe g1 : les commandes de novembre 2026 sont ouvertes"
    assert "jusqu’au jeudi 12 novembre à 20\u00a0h" in mail["text"]
    assert "- Comté" in mail["text"]
    assert "Commander : http://localhost:8400/groupes/g1/commandes/c1/foyers/h1\n" in mail["text"]


@pytest.mark.behaviour("S1:33")
def test_the_day_before_closing_draft_owners_are_reminded(house):
    event = orders.ClosingAnnounced(cycle_id="c1", group_id="g1", closes_at=STARTS, draft_household_ids=["h2"])
    house.record("cycle-c1", event)
    assert requested(house) == [("draft-reminder", "bob", "phone"), ("draft-reminder", "cat", "email")]


def test_the_same_fact_delivered_twice_tells_nothing_twice(house):
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=STARTS))
    house.rooms["notify"].policies_at = -1
    house.settle()
    assert len(requested(house)) == 3


def test_at_closing_organisers_get_figures_and_over_asked_products(house, order):
    order("h1", 2)
    order("h2", 2, "cat")
    house.record("draft-x", orders.DraftSaved(cycle_id="c1", group_id="g1", household_id="h3",
                                              lines=[orders.DraftLine(product_id="comte", quantity=1)]))  # fmt: skip
    house.record("cycle-c1", orders.CycleClosed(cycle_id="c1", group_id="g1", closed_at=STARTS))
    assert requested(house) == [("closing-summary", "orga", "email")]
    text = mine(house, "orga")[0]["text"]
    assert "Commandes validées : 2" in text
    assert "Montant total : 63,60\u00a0€" in text
    assert "Brouillons jamais validés : 1" in text
    assert "- Comté : demandé 4, maximum 3" in text


@pytest.mark.behaviour("S1:34")
def test_each_regulated_household_is_told_from_what_to_what(house, order):
    order("h1", 4)
    change = orders.LineReduced(household_id="h1", order_id="o-h1", product_id="comte", from_quantity=4, to_quantity=3,
                                from_amount_cents=6360, to_amount_cents=4770)  # fmt: skip
    house.record("cycle-c1", orders.OrdersRegulated(cycle_id="c1", group_id="g1", product_id="comte", rule="even",
                                                    limit=3, changes=[change]))  # fmt: skip
    assert requested(house) == [("order-regulated", "ann", "email")]
    assert "- Comté : 4 → 3" in mine(house, "ann")[0]["text"]


@pytest.mark.behaviour("S1:32")
def test_a_household_is_told_when_somebody_else_changes_its_order(house, order):
    order("h1", 1)
    amended = orders.OrderAmended(cycle_id="c1", group_id="g1", order_id="o-h1", household_id="h1", tier="t", lines=[],
                                  total_cents=4270, reason="par téléphone")  # fmt: skip
    house.record("cycle-c1", amended, actor="ann")
    assert requested(house) == []
    house.record("cycle-c1", amended, actor="orga")
    assert requested(house) == [("order-amended", "ann", "email")]
    assert "42,70\u00a0€" in mine(house, "ann")[0]["text"]


@pytest.mark.behaviour("S1:52-54")
def test_a_shortage_is_told_to_those_who_get_less(house):
    shares = [logistics.ShortageShare(household_id="h1", ordered=2, allotted=1),
              logistics.ShortageShare(household_id="h2", ordered=1, allotted=1)]  # fmt: skip
    house.record("distribution-d1", logistics.ShortageDeclared(
        distribution_id="d1", group_id="g1", product_id="comte", product_name="Comté", expected=3, available=2,
        shares=shares))  # fmt: skip
    assert requested(house) == [("shortage-notice", "ann", "email")]
    assert "Vous en aviez commandé 2, il y en aura 1 pour vous" in mine(house, "ann")[0]["text"]


@pytest.mark.behaviour("S1:52-54")
def test_two_days_before_those_who_ordered_are_reminded_of_slot_and_place_once(house):
    house.record("distribution-d1", logistics.DistributionPlanned(
        distribution_id="d1", cycle_id="c1", window_id="w", group_id="g1", host_id="host", month="2026-11",
        starts_at=STARTS, ends_at=STARTS + timedelta(hours=2), place="Salle des fêtes",
        slots=[logistics.PickupSlot(slot_id="s1", tier="t", starts_at=STARTS, ends_at=STARTS + timedelta(minutes=30))],
        assignments=[logistics.SlotAssignment(household_id="h1", slot_id="s1")], items=[],
        orders=[orders.FrozenOrder(order_id="o", household_id="h1", tier="t", lines=[], total_cents=0)]))  # fmt: skip
    house.tick()
    assert requested(house) == []
    house.clock.set(STARTS - timedelta(hours=47))
    house.tick()
    house.tick()
    assert requested(house) == [("distribution-reminder", "ann", "email")]
    text = mine(house, "ann")[0]["text"]
    assert "Votre créneau : 18\u00a0h – 18\u00a0h\u00a030" in text
    assert "Salle des fêtes" in text


@pytest.mark.behaviour("S1:38-39")
def test_when_hands_are_missing_the_group_is_called(house):
    house.record("activity-a1", matching.ActivityPlanned(
        activity_id="a1", group_id="g1", kind="distribution", title="Distribution", starts_at=STARTS, ends_at=STARTS,
        place="ici", slots=[]))  # fmt: skip
    house.record("activity-a1", matching.VolunteersCalled(activity_id="a1", group_id="g1", missing=2))
    assert [person for _, person, _ in requested(house)] == ["ann", "bob", "cat"]
    assert "il manque encore 2 personne(s)" in mine(house, "ann")[0]["text"]


@pytest.mark.behaviour("S0:47")
def test_a_household_in_the_red_is_told_its_balance(house):
    house.record("account-h1", ledger.BalanceWentNegative(group_id="g1", household_id="h1", balance_cents=-1988))
    mail = mine(house, "ann")[0]
    assert mail["subject"] == "Groupe g1 : votre solde est de -19,88\u00a0€"
    assert "/mon-compte/h1" in mail["text"]


@pytest.mark.behaviour("S1:14")
def test_the_call_list_opens_name_and_number_and_ends_when_told(house):
    house.record("cycle-c1", orders.ClosingAnnounced(cycle_id="c1", group_id="g1", closes_at=STARTS,
                                                     draft_household_ids=["h2"]))  # fmt: skip
    listed = house.call("notify", "call_list", {"group_id": "g1"}, actor="orga")["items"]
    assert [(row["name"], row["phone"], row["template"]) for row in listed] == [
        ("Bob Martin", "0612345678", "draft-reminder")]  # fmt: skip
    ask = {"message_id": listed[0]["message_id"], "outcome": "no-answer"}
    house.call("notify", "log_call", ask, actor="orga")
    again = house.call("notify", "call_list", {"group_id": "g1"}, actor="orga")["items"]
    assert [call["outcome"] for call in again[0]["calls"]] == ["no-answer"]
    house.call("notify", "log_call", {**ask, "outcome": "told"}, actor="orga")
    assert house.call("notify", "call_list", {"group_id": "g1"}, actor="orga")["items"] == []
    assert house.call("notify", "call_list", {"group_id": "g1", "done": True}, actor="orga")["total"] == 1
    mail = next(m for m in house.events("notify.message-requested") if m.channel == "email")
    with pytest.raises(Rejected, match="not-on-call-list"):
        house.call("notify", "log_call", {"message_id": mail.message_id, "outcome": "told"}, actor="orga")


def test_an_announcement_shows_whom_it_reaches_then_reaches_them(house, order):
    order("h2", 1, "cat")
    ask = {"group_id": "g1", "audience": "ordered", "subject": "Attention", "body": "On déménage."}
    shown = house.call("notify", "announce_preview", ask, actor="orga")
    assert {key: shown[key] for key in ("persons", "by_email", "by_phone", "households")} == {
        "persons": 2, "by_email": 1, "by_phone": 1, "households": 1}  # fmt: skip
    assert house.events("notify.") == []
    house.call("notify", "announce", ask, actor="orga")
    assert requested(house) == [("announcement", "bob", "phone"), ("announcement", "cat", "email")]
    for audience, persons in (("all", 3), ("not-ordered", 1), ("drafts", 0)):
        assert (
            house.call("notify", "announce_preview", {**ask, "audience": audience}, actor="orga")["persons"] == persons
        )
    with pytest.raises(Rejected, match="nobody-to-tell"):
        house.call("notify", "announce", {**ask, "audience": "drafts"}, actor="orga")
    logged = house.call("notify", "messages", {"group_id": "g1", "state": "waiting"}, actor="orga")
    assert [(row["person_id"], row["household_id"], row["template"]) for row in logged["items"]] == [
        ("cat", "h2", "announcement")]  # fmt: skip


def test_who_declined_announcements_gets_none_but_is_told_of_their_own_order(house, order):
    token = unsubscribe_token("s" * 32, "cat")
    with pytest.raises(NotFound):
        house.call("notify", "set_announcements", {"person_id": "cat", "token": "no", "wanted": False})
    with pytest.raises(NotFound):
        house.call("notify", "set_announcements", {"person_id": "cat", "token": token, "wanted": True})
    house.call("notify", "set_announcements", {"person_id": "cat", "token": token, "wanted": False})
    assert house.call("notify", "preferences", actor="cat") == {"announcements": False}
    ask = {"group_id": "g1", "audience": "all", "subject": "s", "body": "b"}
    assert house.call("notify", "announce_preview", ask, actor="orga")["declined"] == 1
    house.call("notify", "announce", ask, actor="orga")
    house.record("account-h2", ledger.BalanceWentNegative(group_id="g1", household_id="h2", balance_cents=-1))
    assert [template for template, person, _ in requested(house) if person == "cat"] == ["negative-balance"]
    house.call("notify", "set_announcements", {"wanted": True}, actor="cat")
    assert house.call("notify", "preferences", actor="cat") == {"announcements": True}


@pytest.mark.behaviour("S1:13", "S1:143")
def test_a_group_has_its_own_words_over_the_centre_s_over_the_shipped_ones(house):
    change = {"code": "draft-reminder", "language": "fr", "subject": "Du centre", "body": "Bonjour, {month}"}
    house.call("notify", "change_template", {**change, "owner_id": "host"}, actor="centre")

    def shown(owner, actor):
        items = house.call("notify", "templates", {"owner_id": owner}, actor=actor)["items"]
        return next(
            (i["origin"], i["subject"]) for i in items if (i["code"], i["language"]) == ("draft-reminder", "fr")
        )

    assert shown("g1", "orga") == ("host", "Du centre")
    house.call("notify", "change_template", {**change, "owner_id": "g1", "subject": "Du groupe"}, actor="orga")
    assert shown("g1", "orga") == ("group", "Du groupe")
    assert shown("host", "centre") == ("host", "Du centre")
    house.record("cycle-c1", orders.ClosingAnnounced(cycle_id="c1", group_id="g1", closes_at=STARTS,
                                                     draft_household_ids=["h1"]))  # fmt: skip
    assert mine(house, "ann")[0]["subject"] == "Du groupe"
    restore = {**change, "owner_id": "g1", "subject": "", "body": ""}
    house.call("notify", "change_template", restore, actor="orga")
    assert shown("g1", "orga") == ("host", "Du centre")


def test_a_template_is_previewed_with_example_figures_and_refuses_unknown_placeholders(house):
    ask = {"owner_id": "g1", "code": "negative-balance", "language": "fr"}
    shown = house.call(
        "notify", "preview_template", {**ask, "subject": "Solde {balance_cents}", "body": "x"}, actor="orga"
    )
    assert shown["subject"] == "Solde -19,88\u00a0€"
    with pytest.raises(Invalid):
        house.call("notify", "preview_template", {**ask, "subject": "{iban}", "body": "x"}, actor="orga")
    with pytest.raises(Invalid):
        house.call("notify", "change_template", {**ask, "subject": "s", "body": "{iban}"}, actor="orga")
    with pytest.raises(Invalid):
        house.call(
            "notify", "change_template", {**ask, "code": "login-link", "subject": "s", "body": "b"}, actor="orga"
        )


def test_strangers_and_members_do_not_see_what_was_said_to_others(house):
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=STARTS))
    message_id = next(m.message_id for m in house.events("notify.message-requested") if m.channel == "phone")
    asks = [
        ("messages", {"group_id": "g1"}),
        ("call_list", {"group_id": "g1"}),
        ("announce_preview", {"group_id": "g1", "audience": "all"}),
        ("announce", {"group_id": "g1", "audience": "all", "subject": "s", "body": "b"}),
        ("log_call", {"message_id": message_id, "outcome": "told"}),
        ("templates", {"owner_id": "g1"}),
    ]
    for method, ask in asks:
        with pytest.raises(NotFound):
            house.call("notify", method, ask, actor="zoe")
        with pytest.raises(Forbidden):
            house.call("notify", method, ask, actor="ann")
    with pytest.raises(NotFound):
        house.call("notify", "templates", {"owner_id": "host"}, actor="ann")


def test_an_erased_person_is_forgotten_and_told_nothing(house):
    house.rooms["notify"].runtime.keys.destroy("ann")
    house.record("person-ann", contracts.PersonErased(person_id="ann"))
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=STARTS))
    assert "ann" not in [person for _, person, _ in requested(house)]
    assert b"ann@" not in house.dump("notify")


def test_the_views_are_what_a_fresh_replay_makes(house, order):
    order("h1", 4)
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=STARTS))
    house.call("notify", "set_announcements", {"wanted": False}, actor="ann")
    house.record("person-cat", contracts.PersonDetailsChanged(person_id="cat", sealed={"phone": "x"}, language="en"))
    assert len(requested(house)) == 3
    assert house.dump("notify") == house.rebuilt_dump("notify")
