"""Pages and API of messages, over the real notify service."""

import re

import pytest
from ledger_house import Evening
from test_gateway_ledger import text_of

from grenier.language import orders
from notify_svc.sending import unsubscribe_token


@pytest.fixture
def evening(tmp_path):
    evening = Evening(tmp_path)
    evening.order_all()
    return evening


def at(evening, path=""):
    return f"/groupes/{evening.group}/messages{path}"


def remind(evening, *names):
    closes = evening.house.clock.now()
    event = orders.ClosingAnnounced(cycle_id="c1", group_id=evening.group, closes_at=closes,
                                    draft_household_ids=[evening.households[name] for name in names])  # fmt: skip
    evening.house.record("cycle-c1", event)


ANNOUNCEMENT = {"audience": "ordered", "subject": "Changement de salle", "body": "Rendez-vous au 12 rue du Bas."}


@pytest.mark.behaviour("S1:52-54")
def test_an_announcement_says_whom_it_reaches_before_it_is_sent(evening):
    nadia = evening.client("Nadia")
    shown = text_of(nadia.post(at(evening, "/annonce"), data={**ANNOUNCEMENT, "act": "preview"}))
    assert "5 personnes recevront ce message" in shown
    assert "4 par courriel, 1 à appeler" in shown
    assert "VRAC Belleville : Changement de salle" in shown
    assert evening.house.events("notify.") == []
    assert nadia.post(at(evening, "/annonce"), data={**ANNOUNCEMENT, "body": "", "act": "send"}).status_code == 422
    assert nadia.post(at(evening, "/annonce"), data={**ANNOUNCEMENT, "act": "send"}).status_code == 302
    log = text_of(nadia.get(at(evening)))
    assert log.count("en attente d’envoi") >= 4
    assert "Annonce" in log
    assert "Changement de salle" in text_of(evening.client("Paul").get("/messages"))


@pytest.mark.behaviour("S1:14")
def test_who_has_no_mail_is_called_with_words_to_say(evening):
    remind(evening, "Odette", "Paul")
    nadia = evening.client("Nadia")
    page = nadia.get(at(evening, "/appels"))
    text = text_of(page)
    assert "Odette Nguyen" in text
    assert "Martin" not in text
    body = page.get_data(as_text=True)
    assert re.search(r'href="tel:\+?[\d]+"', body)
    assert "http" not in body.split("call-script")[1].split("</p>")[0]
    message = re.search(r'name="message_id" value="([\w-]+)"', body).group(1)
    for outcome, left in (("no-answer", True), ("told", False)):
        assert nadia.post(at(evening, "/appels"), data={"message_id": message, "outcome": outcome}).status_code == 302
        assert ("Odette Nguyen" in text_of(nadia.get(at(evening, "/appels")))) is left
    assert "Pas de réponse" in text_of(nadia.get(at(evening, "/appels?faits=1")))
    assert "1 personne à appeler" not in text_of(nadia.get("/"))


@pytest.mark.behaviour("S1:13", "S1:143")
def test_a_group_writes_its_own_words_and_the_centre_those_of_everybody(evening):
    nadia, lea = evening.client("Nadia"), evening.client("Léa")
    path = at(evening, "/modeles/draft-reminder/fr")
    assert "votre commande n’est pas" not in text_of(nadia.get(path))
    wrong = nadia.post(path, data={"subject": "s", "body": "{iban}", "act": "save"})
    assert wrong.status_code == 422
    central = {"subject": "Pensez à valider", "body": "Bonjour {first_name}, avant le {closes_at}.", "act": "save"}
    assert lea.post("/federation/modeles/draft-reminder/fr", data=central).status_code == 302
    assert "texte du centre" in text_of(nadia.get(at(evening, "/modeles")))
    assert nadia.post(path, data={**central, "subject": "À vous de jouer"}).status_code == 302
    assert "texte du groupe" in text_of(nadia.get(at(evening, "/modeles")))
    remind(evening, "Paul")
    assert "À vous de jouer" in text_of(evening.client("Paul").get("/messages"))
    assert nadia.post(path, data={**central, "act": "restore"}).status_code == 302
    assert "texte du centre" in text_of(nadia.get(at(evening, "/modeles")))
    assert nadia.get("/federation/modeles").status_code == 403
    assert nadia.get(at(evening, "/modeles/login-link/fr")).status_code == 404


def test_announcements_are_declined_by_the_link_of_a_mail_or_on_my_page(evening):
    paul = evening.persons["Paul"]
    token = unsubscribe_token(evening.house.settings.session_secret, paul)
    browser = evening.app.test_client()
    page = browser.get(f"/messages/desinscription/{paul}/{token}")
    assert evening.house.events("notify.") == []
    form_token = re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True)).group(1)
    done = browser.post(f"/messages/desinscription/{paul}/{token}", data={"csrf_token": form_token})
    assert "C’est fait" in text_of(done)
    assert "Vous ne recevez pas les annonces" in text_of(evening.client("Paul").get("/messages"))
    evening.client("Paul").post("/messages/annonces", data={"wanted": "1"})
    assert "Vous recevez les annonces" in text_of(evening.client("Paul").get("/messages"))


def test_messages_over_the_api(evening):
    nadia, paul = evening.client("Nadia"), evening.client("Paul")
    base = f"/api/v1/groups/{evening.group}"
    preview = nadia.get(f"{base}/announcements/preview?audience=all").json
    assert (preview["persons"], preview["by_phone"]) == (5, 1)
    assert nadia.post(f"{base}/announcements", json=ANNOUNCEMENT).json["persons"] == 5
    listed = nadia.get(f"{base}/messages?state=waiting&limit=2").json
    assert (listed["total"], len(listed["items"])) == (4, 2)
    call = nadia.get(f"{base}/calls").json["items"][0]
    assert nadia.post(f"{base}/calls/{call['message_id']}", json={"outcome": "told"}).status_code == 201
    assert nadia.get(f"{base}/calls").json["total"] == 0
    assert paul.get("/api/v1/me/messages").json["items"][0]["subject"] == "VRAC Belleville : Changement de salle"
    assert paul.put("/api/v1/me/preferences", json={"announcements": False}).status_code == 200
    assert nadia.get(f"{base}/announcements/preview?audience=all").json["declined"] == 1
    texts = nadia.get(f"{base}/templates").json["items"]
    assert {row["origin"] for row in texts} == {"file"}
    words = {"subject": "Solde {balance_cents}", "body": "x"}
    shown = nadia.post(f"{base}/templates/negative-balance/fr/preview", json=words).json
    assert shown["subject"].startswith("Solde -19,88")
    assert nadia.put(f"{base}/templates/negative-balance/fr", json=words).status_code == 200
    for path in ("messages", "calls", "templates", "announcements/preview?audience=all"):
        assert paul.get(f"{base}/{path}").status_code == 403
