"""What people are told over a season, and questions that go to the farm and back (S0:13-15, S0:17-30, S0:38, S0:49-56)."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import contracts, exchange, ledger, matching, orders, season

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
PLACE = "Salle des fêtes"


def delivery(number: int, on: date, **more) -> season.PlannedDelivery:
    return season.PlannedDelivery(delivery_id=f"d{number}", on=on, place=PLACE, **more)


TERMS = season.Terms(
    title="Légumes", starts_on=date(2026, 11, 5), ends_on=date(2027, 1, 28), basket_kind="fixed_multiple",
    options=[season.BasketOption(option_id="grand", title="grand panier", price_cents=1800)],
    deliveries=[delivery(1, date(2026, 11, 5)), delivery(2, date(2026, 11, 12)), delivery(3, date(2026, 11, 19), factor_percent=200)],
    sign_up=season.SignUpTerms(closes_on=date(2026, 11, 4)),
)  # fmt: skip


@pytest.fixture
def season_house(house):
    """Contract k of group g1 (coordinator orga, producer p with contact zoe from elsewhere); h1 and h2 share a basket."""
    house.record(
        "producer-p", contracts.ProducerRegistered(producer_id="p", host_id="host", name="Ferme du Pré", group_id="g1")
    )
    house.record("role-zoe", contracts.RoleAssigned(assignment_id="zoe", person_id="zoe", role="producer",
                 scope_kind="producer", scope_id="p", valid_from=date(2026, 1, 1)))  # fmt: skip
    house.record(
        "contract-k",
        season.ContractDrafted(contract_id="k", group_id="g1", producer_id="p", coordinator_id="orga", terms=TERMS),
    )
    return house


def open_contract(house, terms=TERMS):
    house.record("contract-k", season.ContractOpened(contract_id="k", group_id="g1", producer_id="p",
                 coordinator_id="orga", version=1, terms=terms))  # fmt: skip


def subscribe(house, household="h1", *, households=(), confirmed=True, **more):
    line = season.SubscribedLine(option_id="grand", quantity=1)
    house.record("contract-k", season.SubscriptionRegistered(
        subscription_id=f"s-{household}", contract_id="k", group_id="g1", household_id=household, person_id="ann", lines=[line],
        starts_on=date(2026, 11, 5), amount_cents=7200, channel="web", household_ids=list(households), **more))  # fmt: skip
    if confirmed:
        house.record("contract-k", season.SubscriptionConfirmed(subscription_id=f"s-{household}", contract_id="k",
                     group_id="g1", household_id=household))  # fmt: skip


def told(house, *templates):
    return sorted(
        (m.template, m.person_id) for m in house.events("notify.message-requested") if m.template in templates
    )


def letter(house, person, template):
    items = house.call("notify", "my_messages", actor=person)["items"]
    return next(row for row in items if row["template"] == template)


# -- the contract's life -------------------------------------------------------------------------------------------


def test_the_producer_gets_a_link_and_the_coordinator_the_answer(season_house):
    house = season_house
    house.record("contract-k", season.ContractSubmitted(contract_id="k", group_id="g1", version=1, person_id="zoe",
                 document_sha256="0" * 64, answer_until=NOW + timedelta(days=14)))  # fmt: skip
    mail = letter(house, "zoe", "contract-to-approve")
    assert mail["subject"] == "Groupe g1 : le contrat « Légumes » attend votre accord"
    assert re.search(r"/producteur/reponse/[\w.-]{60,}\n", mail["text"])
    house.record(
        "contract-k", season.ContractChangesRequested(contract_id="k", group_id="g1", version=1, comment="Pas en juin.")
    )
    assert "Pas en juin." in letter(house, "orga", "contract-changes-requested")["text"]
    house.record("contract-k", season.ContractApproved(contract_id="k", group_id="g1", version=1, person_id="zoe",
                 means="link", document_sha256="0" * 64))  # fmt: skip
    assert letter(house, "orga", "contract-approved")["subject"] == "Ferme du Pré accepte le contrat « Légumes »"


def test_everybody_hears_of_sign_ups_and_who_has_not_signed_up_of_their_end(season_house):
    house = season_house
    open_contract(house)
    assert told(house, "sign-ups-open") == [("sign-ups-open", person) for person in ("ann", "bob", "cat")]
    assert (
        "- jeudi 5 novembre 2026, 18\u00a0h\u00a030 – 19\u00a0h\u00a030, Salle des fêtes"
        in letter(house, "ann", "sign-ups-open")["text"]
    )
    subscribe(house, confirmed=False)
    house.tick()
    house.tick()
    assert told(house, "sign-ups-closing") == [("sign-ups-closing", "bob"), ("sign-ups-closing", "cat")]


def test_a_subscriber_is_told_of_each_step(season_house):
    house = season_house
    open_contract(house)
    subscribe(house, absences=["d2"])
    assert told(house, "subscription-registered", "subscription-confirmed") == [
        ("subscription-confirmed", "ann"), ("subscription-registered", "ann")]  # fmt: skip
    text = letter(house, "ann", "subscription-confirmed")["text"]
    assert "Total : 72,00\u00a0€" in text
    assert "5 novembre" in text
    assert "12 novembre" not in text
    subscribe(house, "h2", confirmed=False, waiting=True)
    given = season.SubscriptionPlaceGiven(subscription_id="s-h2", contract_id="k", group_id="g1", household_id="h2",
                                          starts_on=date(2026, 11, 12), amount_cents=5400, cheques=[])  # fmt: skip
    house.record("contract-k", given)
    assert told(house, "subscription-waiting", "subscription-place-given") == [
        ("subscription-place-given", "bob"), ("subscription-place-given", "cat"),
        ("subscription-waiting", "bob"), ("subscription-waiting", "cat")]  # fmt: skip
    assert "54,00\u00a0€" in letter(house, "cat", "subscription-place-given")["text"]


# -- deliveries (S0:15, S0:22) -------------------------------------------------------------------------------------


def test_a_delivery_is_reminded_of_with_what_one_gets(season_house):
    house = season_house
    open_contract(house)
    subscribe(house)
    house.clock.set(datetime(2026, 11, 17, 12, tzinfo=UTC))
    house.tick()
    assert told(house, "delivery-reminder") == []
    house.clock.set(datetime(2026, 11, 17, 18, tzinfo=UTC))
    house.tick()
    house.tick()
    assert told(house, "delivery-reminder") == [("delivery-reminder", "ann")]
    mail = letter(house, "ann", "delivery-reminder")
    assert mail["subject"] == "Groupe g1 : livraison le jeudi 19 novembre 2026"
    assert "- Légumes (18\u00a0h\u00a030 – 19\u00a0h\u00a030, Salle des fêtes) : 2 grand panier" in mail["text"]


def test_the_group_says_how_long_before(season_house):
    house = season_house
    open_contract(house)
    subscribe(house)
    house.call("notify", "set_reminders", {"group_id": "g1", "delivery_hours": 0}, actor="orga")
    house.clock.set(datetime(2026, 11, 5, 12, tzinfo=UTC))
    house.tick()
    assert told(house, "delivery-reminder") == []
    house.call("notify", "set_reminders", {"group_id": "g1", "delivery_hours": 6}, actor="orga")
    house.tick()
    assert told(house, "delivery-reminder") == [("delivery-reminder", "ann")]
    with pytest.raises(Forbidden):
        house.call("notify", "set_reminders", {"group_id": "g1", "delivery_hours": 6}, actor="ann")


def test_sharers_are_reminded_in_turn_and_nobody_of_a_basket_given_away(season_house):
    house = season_house
    open_contract(house)
    subscribe(house, households=["h1", "h2"], anchor_delivery_id="d1")
    for day, persons in ((4, ["ann"]), (11, ["bob", "cat"])):
        house.clock.set(datetime(2026, 11, day, 12, tzinfo=UTC))
        house.tick()
        assert [person for _, person in told(house, "delivery-reminder")][-len(persons) :] == persons
    house.record("basket-b", exchange.TakerAccepted(basket_id="b", group_id="g1", contract_id="k", delivery_id="d3",
                 household_id="h1", holder_id="ann", person_id="orga", declined_person_ids=[]))  # fmt: skip
    house.clock.set(datetime(2026, 11, 18, 12, tzinfo=UTC))
    house.tick()
    assert len(told(house, "delivery-reminder")) == 3
    house.record("contract-k", season.DeliveryCancelled(contract_id="k", group_id="g1", delivery_id="d3",
                 on=date(2026, 11, 19), reason="Gel."))  # fmt: skip
    assert told(house, "delivery-cancelled") == [
        ("delivery-cancelled", person) for person in ("ann", "bob", "cat", "orga")
    ]


def test_a_moved_date_is_told_and_followed(season_house):
    house = season_house
    open_contract(house)
    subscribe(house)
    moved = delivery(3, date(2026, 11, 26), starts="19:00", ends="20:00", moved_from=date(2026, 11, 19))
    house.record("contract-k", season.DeliveryMoved(contract_id="k", group_id="g1", delivery_id="d3",
                 from_on=date(2026, 11, 19), delivery=moved, reason="La salle est prise."))  # fmt: skip
    mail = letter(house, "ann", "delivery-moved")
    assert mail["subject"] == "Légumes : la livraison du jeudi 19 novembre 2026 change"
    assert "- jeudi 26 novembre 2026, 19\u00a0h – 20\u00a0h, Salle des fêtes" in mail["text"]
    house.clock.set(datetime(2026, 11, 18, 18, tzinfo=UTC))
    house.tick()
    assert told(house, "delivery-reminder") == []
    house.clock.set(datetime(2026, 11, 25, 18, tzinfo=UTC))
    house.tick()
    assert told(house, "delivery-reminder") == [("delivery-reminder", "ann")]


# -- rounds, money, activities ---------------------------------------------------------------------------------------


def test_a_round_calls_subscribers_only_and_reminds_who_has_not_ordered(season_house):
    house = season_house
    open_contract(house)
    subscribe(house)
    subscribe(house, "h2", confirmed=False)
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=NOW, contract_id="k"))
    assert told(house, "round-opened", "window-opened") == [("round-opened", "ann")]
    house.record("cycle-c1", orders.ClosingAnnounced(cycle_id="c1", group_id="g1", closes_at=NOW, draft_household_ids=["h2"],
                 contract_id="k", missing_household_ids=["h1", "h2"]))  # fmt: skip
    assert told(house, "round-reminder", "draft-reminder") == [
        ("draft-reminder", "bob"), ("draft-reminder", "cat"), ("round-reminder", "ann")]  # fmt: skip
    house.record(
        "cycle-c1",
        orders.OrdersReminded(cycle_id="c1", group_id="g1", contract_id="k", closes_at=NOW, household_ids=["h1"]),
    )
    assert told(house, "round-reminder") == [("round-reminder", "ann")] * 2


def test_a_statement_and_what_is_due_at_the_end_are_told(season_house):
    house = season_house
    open_contract(house)
    about = {"group_id": "g1", "household_id": "h1", "contract_id": "k"}
    house.record("account-h1", ledger.StatementIssued(statement_id="st", cycle_id="c1", opening_cents=9000, charged_cents=2350,
                 paid_cents=0, other_cents=0, closing_cents=6650, **about))  # fmt: skip
    assert "- Produits retirés : 23,50\u00a0€\n" in letter(house, "ann", "statement-issued")["text"]
    house.record("account-h1", ledger.PaymentRequested(request_id="r", amount_cents=1240, **about))
    assert letter(house, "ann", "payment-requested")["subject"] == "Légumes : il reste 12,40\u00a0€ à régler"


def test_cheques_that_lie_here_are_remembered_to_the_coordinator(season_house):
    house = season_house
    open_contract(house)
    planned = [season.PlannedCheque(cheque_id=f"q{n}", amount_cents=2400, cash_on=date(2026, 11, 8)) for n in (1, 2)]
    house.record("schedule-s", season.ScheduleAgreed(subscription_id="s", contract_id="k", group_id="g1", household_id="h1",
                 producer_id="p", cheques=planned))  # fmt: skip
    house.tick()
    assert told(house, "cheques-to-hand-over") == []
    house.record("schedule-s", season.ChequeReceived(subscription_id="s", cheque_id="q1", group_id="g1", person_id="ann",
                 number="1", bank="b", issued_on=date(2026, 11, 2)))  # fmt: skip
    house.tick()
    house.tick()
    assert told(house, "cheques-to-hand-over") == [("cheques-to-hand-over", "orga")]
    assert letter(house, "orga", "cheques-to-hand-over")["subject"] == "1 chèque(s) à remettre à Ferme du Pré"


def test_the_farm_is_asked_to_say_that_the_cheques_have_come(season_house):
    house = season_house
    cheque = season.BundledCheque(subscription_id="s", cheque_id="q1", household_id="h1", amount_cents=2400)
    handed = season.BundleHandedOver(bundle_id="b", contract_id="k", group_id="g1", producer_id="p", on=date(2026, 11, 2),
                                     cheques=[cheque], subscription_ids=["s"], total_cents=2400)  # fmt: skip
    house.record("bundle-b", handed)
    mail = letter(house, "zoe", "bundle-handed-over")
    assert "1 chèque(s), pour 24,00\u00a0€" in mail["text"]
    assert re.search(r"/producteur/remise/[\w.-]{60,}\n", mail["text"])


def plan(house, kind, **more):
    starts = datetime(2027, 1, 14, 17, 30, tzinfo=UTC)
    house.record("activity-a", matching.ActivityPlanned(activity_id="a", group_id="g1", kind=kind, title="Permanence cotisations",
                 starts_at=starts, ends_at=starts + timedelta(hours=1), place=PLACE, slots=[], **more))  # fmt: skip


def test_a_dues_campaign_names_its_desks(season_house):
    house = season_house
    plan(house, "help_desk")
    house.record("dues-campaign-x", season.DuesCampaignOpened(
        campaign_id="x", group_id="g1", title="Cotisation 2027", opens_on=date(2027, 1, 7), closes_on=date(2027, 2, 25),
        valid_from=date(2027, 1, 1), valid_until=date(2027, 12, 31), group_dues_cents=-1, activity_ids=["a"]))  # fmt: skip
    text = letter(house, "cat", "dues-open")["text"]
    assert "- jeudi 14 janvier à 18\u00a0h\u00a030 – 19\u00a0h\u00a030, Salle des fêtes" in text
    # Who has no e-mail is on the call list.
    assert [
        row["person_id"] for row in house.call("notify", "call_list", {"group_id": "g1"}, actor="orga")["items"]
    ] == ["bob"]


def test_invitations_changes_and_minutes_reach_who_they_are_for(season_house):
    house = season_house
    plan(house, "meeting", agenda="1. Bilan")
    house.record(
        "activity-a",
        matching.ActivityAnnounced(activity_id="a", group_id="g1", invited="collective", person_ids=["orga"]),
    )
    assert told(house, "activity-invitation") == [("activity-invitation", "orga")]
    assert "1. Bilan" in letter(house, "orga", "activity-invitation")["text"]
    later = datetime(2027, 1, 21, 17, 30, tzinfo=UTC)
    house.record("activity-a", matching.ActivityChanged(
        activity_id="a", group_id="g1", title="Réunion", starts_at=later, ends_at=later + timedelta(hours=1), place=PLACE, slots=[],
        agenda="", material=[], from_starts_at=later - timedelta(days=7), from_place=PLACE, person_ids=["ann"]))  # fmt: skip
    assert "aura lieu le jeudi 21 janvier à 18\u00a0h\u00a030" in letter(house, "ann", "activity-changed")["text"]
    minutes = matching.MinutesPublished(activity_id="a", group_id="g1", version=1, text="Décidé.", person_ids=[])
    house.record("activity-a", minutes)
    assert told(house, "minutes-published") == [("minutes-published", person) for person in ("ann", "bob", "cat")]


def test_news_from_the_farm_go_to_subscribers_and_are_marked(season_house):
    house = season_house
    open_contract(house)
    subscribe(house)
    news = {
        "group_id": "g1",
        "audience": "contract:k",
        "subject": "La récolte",
        "body": "Tout va bien.",
        "from_producer": True,
    }
    shown = house.call("notify", "announce_preview", news, actor="orga")
    assert (shown["persons"], shown["subject"]) == (1, "Ferme du Pré : La récolte")
    assert house.call("notify", "announce", news, actor="zoe")["persons"] == 1
    assert (
        "De la part de Ferme du Pré, pour « Légumes » :\n\nTout va bien."
        in letter(house, "ann", "producer-announcement")["text"]
    )
    with pytest.raises(NotFound):
        house.call("notify", "announce", {**news, "from_producer": False}, actor="zoe")
    with pytest.raises(Invalid):
        house.call("notify", "announce", {**news, "audience": "all"}, actor="orga")
    with pytest.raises(NotFound):
        house.call("notify", "announce", {**news, "audience": "contract:other"}, actor="orga")


# -- questions (S0:13) ---------------------------------------------------------------------------------------------


def ask(house, actor="ann", text="Les pots sont-ils repris ?"):
    return house.call("notify", "ask_question", {"contract_id": "k", "text": text}, actor=actor)["id"]


def token(house):
    return re.search(r"/producteur/question/(\S+)", letter(house, "zoe", "question-asked")["text"])[1]


def test_a_question_goes_to_the_farm_and_the_answer_comes_back(season_house):
    house = season_house
    open_contract(house)
    subscribe(house, "h2")
    id_ = ask(house)
    house.clock.advance(days=3)
    [waiting] = house.call("notify", "questions", {"group_id": "g1", "open": True}, actor="orga")["items"]
    assert (waiting["age_hours"], waiting["person_id"], waiting["contacts"]) == (72, "ann", 1)
    link = token(house)
    shown = house.call("notify", "question_by_link", {"token": link}, actor="system:gateway")
    assert (shown["text"], shown["person_id"], shown["group"]) == ("Les pots sont-ils repris ?", "", "Groupe g1")
    house.call("notify", "answer_by_link", {"token": link, "text": "Oui, à chaque livraison."}, actor="system:gateway")
    assert "Oui, à chaque livraison." in letter(house, "ann", "question-answered")["text"]
    assert house.call("notify", "questions", {"group_id": "g1"}, actor="cat")["items"] == []
    house.call("notify", "publish_question", {"question_id": id_}, actor="orga")
    assert told(house, "question-published") == [("question-published", "bob"), ("question-published", "cat")]
    [seen] = house.call("notify", "questions", {"group_id": "g1"}, actor="cat")["items"]
    assert (seen["person_id"], seen["answers"][0]["text"]) == ("", "Oui, à chaque livraison.")
    stored = b"".join(event.data for event in house.log.read_all()).decode()
    assert not [text for text in ("Les pots", "chaque livraison") if text in stored]


def test_who_may_see_and_answer_a_question(season_house):
    house = season_house
    open_contract(house)
    id_ = ask(house)
    answer = {"question_id": id_, "text": "Oui."}
    with pytest.raises(NotFound):
        house.call("notify", "answer_question", answer, actor="cat")
    with pytest.raises(Forbidden):
        house.call("notify", "answer_question", answer, actor="ann")
    with pytest.raises(NotFound):
        house.call("notify", "question_by_link", {"token": "x.y"}, actor="system:gateway")
    with pytest.raises(Rejected) as early:
        house.call("notify", "publish_question", {"question_id": id_}, actor="orga")
    assert early.value.code == "question-open"
    [asked] = house.call("notify", "producer_questions", actor="zoe")["items"]
    assert asked["person_id"] == ""
    house.call("notify", "answer_question", answer, actor="zoe")
    house.call("notify", "answer_question", {**answer, "text": "Vraiment.", "publish": True}, actor="orga")
    answers = house.call("notify", "question", {"question_id": id_}, actor="cat")["answers"]
    assert [(row["by"], row["text"]) for row in answers] == [("producer", "Oui."), ("coordinator", "Vraiment.")]
    house.clock.advance(days=61)
    with pytest.raises(Rejected) as late:
        house.call("notify", "answer_by_link", {"token": token(house), "text": "x"}, actor="system:gateway")
    assert late.value.code == "link-expired"


def test_a_question_without_a_contact_waits_until_there_is_one(season_house):
    house = season_house
    house.record("role-zoe", contracts.RoleRevoked(assignment_id="zoe", person_id="zoe", role="producer",
                 scope_kind="producer", scope_id="p"))  # fmt: skip
    open_contract(house)
    id_ = ask(house)
    with pytest.raises(Rejected) as nobody:
        house.call("notify", "relay_question", {"question_id": id_}, actor="orga")
    assert nobody.value.code == "no-producer-contact"
    house.record("contract-k", season.ContractSubmitted(contract_id="k", group_id="g1", version=1, person_id="zoe",
                 document_sha256="", answer_until=NOW))  # fmt: skip
    house.call("notify", "relay_question", {"question_id": id_}, actor="orga")
    assert told(house, "question-asked") == [("question-asked", "zoe")]


def test_an_erased_person_s_question_is_forgotten(season_house):
    house = season_house
    open_contract(house)
    ask(house)
    house.rooms["notify"].runtime.keys.destroy("ann")
    house.record("person-ann", contracts.PersonErased(person_id="ann"))
    [row] = house.call("notify", "questions", {"group_id": "g1"}, actor="orga")["items"]
    assert row["text"] == "…"
    assert house.dump("notify") == house.rebuilt_dump("notify")
