"""Money of a contract told to the end: paid back by cheque, and why a balance is what it is (S0:46, S0:49)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from grenier.language import season as words
from tests.jam_season import JamSeason, fixed

NARROW = re.compile(r"[\u00a0\u202f]")


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path, scope="group")


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return NARROW.sub(" ", answer.get_data(as_text=True))


def press(client: FlaskClient, path: str, **fields: object) -> str:
    answer = client.post(path, data={"idempotency_key": str(uuid4()), **fields}, follow_redirects=True)
    assert answer.status_code in (200, 422), (path, answer.status_code)
    return NARROW.sub(" ", answer.get_data(as_text=True))


@pytest.mark.behaviour("S0:49")
def test_a_balance_is_paid_back_by_cheque_on_the_settlement_page(season: JamSeason) -> None:
    from io import BytesIO

    season.deposit("amel", 3000)
    coline, amel = season.site.client(season.person["coline"]), season.home["amel"]
    here = f"/groupes/{season.group}/contrats/{season.contract}/comptes/regularisation"
    assert "Rembourser par chèque" in page(coline, here)
    chosen = {f"act-{amel}": "refund:cheque", f"seen-{amel}": "3000"}
    preview = press(coline, here, **chosen)
    assert "Amelson : 30,00 € remboursés par chèque." in preview
    assert f'name="number-{amel}"' in preview
    lacking = press(coline, here, sure="1", **chosen)
    assert "Le numéro du chèque est nécessaire." in lacking
    assert season.balance("amel") == 3000
    press(coline, here, sure="1", **chosen | {f"seen-{amel}": "--5"})
    assert season.balance("amel") == 3000, "what is no amount is nothing that was chosen"
    cheque = {f"number-{amel}": "0000099", f"bank-{amel}": "Crédit Coopératif"}
    assert "C’est fait." in press(coline, here, sure="1", **chosen, **cheque)
    (refund,) = season.house.events("ledger.refund-issued")
    assert refund.cheque is not None
    assert (refund.means, refund.cheque.number, refund.cheque.bank) == ("cheque", "0000099", "Crédit Coopératif")
    assert season.balance("amel") == 0
    letter = season.site.client(season.person["amel"]).get(
        f"/api/v1/contracts/{season.contract}/settlement/{amel}/letter.pdf"
    )
    text = " ".join(found.extract_text() for found in PdfReader(BytesIO(letter.data)).pages)
    assert "par chèque n° 0000099 (Crédit Coopératif)" in NARROW.sub(" ", " ".join(text.split()))


def receive_cheque(season: JamSeason, name: str) -> None:
    """What contracts-svc decides when the coordinator receives the cheque of the schedule."""
    ids = {"subscription_id": fixed(f"{season.contract}/{name}"), "group_id": season.group}
    planned = words.PlannedCheque(cheque_id="jam.1", amount_cents=3000, cash_on=date(2026, 12, 1))
    agreed = words.ScheduleAgreed(**ids, contract_id=season.contract, household_id=season.home[name],
                                  producer_id="farm", cheques=[planned])  # fmt: skip
    received = words.ChequeReceived(**ids, cheque_id="jam.1", person_id=season.person[name], number="4711",
                                    bank="Crédit Mutuel", issued_on=date(2026, 11, 3))  # fmt: skip
    season.house.record(f"schedule-{ids['subscription_id']}", agreed, received, actor=season.person["coline"])


@pytest.mark.behaviour("S0:46")
@pytest.mark.behaviour("S0:48")
def test_a_deposit_opens_to_the_cheque_that_was_received_also_as_of_a_past_day(season: JamSeason) -> None:
    receive_cheque(season, "amel")
    season.delivered()
    season.at(datetime(2026, 11, 28, 9, tzinfo=UTC))
    returned = words.ChequeReturned(subscription_id=fixed(f"{season.contract}/amel"), cheque_id="jam.1",
                                    group_id=season.group, reason="impayé")  # fmt: skip
    season.house.record(f"schedule-{returned.subscription_id}", returned, actor=season.person["coline"])
    amel = season.api("amel")
    path = f"/contracts/{season.contract}/accounts/{season.home['amel']}"
    assert amel.get(path)["closing_cents"] == -1580
    before = amel.get(path + "?as_of=2026-11-20T00:00:00Z")
    assert before["closing_cents"] == 3000
    (line,) = before["lines"]
    facts = {fact["name"]: fact for fact in amel.get(f"/entries/{line['entry_id']}")["facts"]}
    received = facts["contracts.cheque-received"]
    assert received["body"] == {"cheque_id": "jam.1", "amount_cents": 3000, "number": "4711", "bank": "Crédit Mutuel",
                                "issued_on": "2026-11-03"}  # fmt: skip
    assert (received["actor"], received["at"] < "2026-11-20") == (season.person["coline"], True)
    assert received["event_id"] in {str(recorded.id) for recorded in season.house.log.read_all()}
    assert facts["contracts.cheque-returned"]["body"]["reason"] == "impayé"
    mine = season.site.client(season.person["amel"])
    shown = page(mine, f"/mon-compte/{season.home['amel']}/ecritures/{line['entry_id']}")
    assert "Chèque reçu : 30,00 €, n° 4711, Crédit Mutuel, daté du" in shown
    assert "par Coline P." in shown
    assert season.api("bruno").refused("get", f"/entries/{line['entry_id']}") in ("forbidden", "not-found")
    assert season.house.dump("ledger") == season.house.rebuilt_dump("ledger")


@pytest.mark.behaviour("S0:44")
def test_a_parcel_handed_to_the_wrong_household_is_taken_back_after_a_preview(season: JamSeason) -> None:
    season.delivered()
    coline, bruno = season.site.client(season.person["coline"]), season.home["bruno"]
    parcels = f"/groupes/{season.group}/contrats/{season.contract}/commandes/{season.first}/colis"
    assert f"{bruno}/annuler" in page(coline, parcels)
    shown = page(coline, f"{parcels}/{bruno}/annuler")
    assert "est extournée sur le compte du foyer" in shown
    assert season.balance("bruno") == -1240, "looking at it does nothing"
    press(coline, f"{parcels}/{bruno}/annuler", reason="")
    assert season.balance("bruno") == -1240, "it needs a reason"
    assert "La remise est annulée" in press(coline, f"{parcels}/{bruno}/annuler", reason="mauvais foyer")
    assert season.balance("bruno") == 0
    (undone,) = season.house.events("logistics.sign-off-undone")
    (reversal,) = season.house.events("ledger.entry-reversed")
    assert (undone.reason, reversal.reason) == ("mauvais foyer", "mauvais foyer")
    assert "Ce colis n’est pas remis" in page(coline, f"{parcels}/{bruno}/annuler")
