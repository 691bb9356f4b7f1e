"""P10, the season's part: what an organiser opens of a contract with a few members, with a hundred, and with thousands.

    few, many = (rolled(site, stage, group, size) for group, size in zip(groups, (10, 100)))
    looks(site, many)["cheques"]()        # a page, as a browser gets it

Members are enrolled and contracts opened through the API; the subscriptions, their cheques and deposits are put into the log
as facts, since subscribing is no part of what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from gateway.demo import season_acts
from gateway.demo.federation import Group, Household
from gateway.demo.month import Stage
from gateway.demo.season import ZONE, Contract, Dates, terms
from grenier.handling import Trace, _new_event
from grenier.language import ledger, season
from tests.house_app import Site

AT_ONCE = 500
CHEQUES = 2
DEPOSIT_CENTS = 2_500
Facts = list[tuple[str, Sequence[Any]]]


@dataclass
class Roll:
    """A contract and its members."""

    group: Group
    contract: Contract
    members: list[Household]


def looks(site: Site, roll: Roll) -> dict[str, Callable[[], object]]:
    """Page → opening it as the group's organiser. An answer that is no page is an error."""
    client, contract = site.client(roll.group.organiser), roll.contract
    group = f"/groupes/{roll.group.group_id}"
    own = f"{group}/contrats/{contract.contract_id}"
    paths = {
        "contract": own,
        "cheques": f"{group}/cheques?contrat={contract.contract_id}",
        "accounts of a contract": f"{own}/comptes",
        "account of a household": f"{own}/comptes/{roll.members[0].household_id}",
        "sign-off sheet": f"/api/v1/contracts/{contract.contract_id}/deliveries/{contract.delivery(0)['delivery_id']}/sign-off.csv",
    }  # fmt: skip

    def opening(path: str) -> Callable[[], object]:
        def look() -> bytes:
            answer = client.get(path)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
            return answer.data

        return look

    return {name: opening(path) for name, path in paths.items()}


def rolled(site: Site, stage: Stage, group: Group, size: int) -> Roll:
    """An open contract of this group with so many members."""
    today = site.clock.now().astimezone(ZONE).date()
    by, wanted = stage.at(group.organiser), terms("vegetables", Dates(today + timedelta(days=7)))
    producer_id = sorted(stage.federation.producers.values())[0]
    answer = by.post(f"/groups/{group.group_id}/contracts", producer_id=producer_id, terms=wanted)
    contract = Contract("vegetables", answer["id"], producer_id, "", answer["terms"])
    by.post(f"/contracts/{contract.contract_id}/approve", version=1)
    by.post(f"/contracts/{contract.contract_id}/open", version=1)
    roll = Roll(group, contract, _enrolled(stage, group, size))
    for facts in (_subscribed(roll, today), _paid(roll, today)):
        _put(site, facts)
        site.house.settle()
    return roll


def _enrolled(stage: Stage, group: Group, size: int) -> list[Household]:
    found: list[Household] = []
    while len(found) < size:
        numbers = range(len(found), min(len(found) + AT_ONCE, size))
        rows = [{"persons": [{"first_name": f"Membre{number}", "last_name": f"Durand{number}", "email": f"m{number}@{group.group_id}.exemple.fr"}],
                 "tier": "neighbourhood"} for number in numbers]  # fmt: skip
        answer = stage.central.post(f"/groups/{group.group_id}/households/import", rows=rows, dry_run=False)
        if answer["errors"]:
            raise RuntimeError(f"members were refused: {answer['errors'][:2]}")
        found += [Household(each["household_id"], tuple(each["person_ids"]), "neighbourhood", "", True)
                  for each in answer["enrolled"]]  # fmt: skip
    return found


def _of(roll: Roll, home: Household) -> dict[str, str]:
    subscription_id = str(uuid5(NAMESPACE_URL, f"{roll.contract.contract_id}/{home.household_id}"))
    return {"subscription_id": subscription_id, "contract_id": roll.contract.contract_id,
            "group_id": roll.group.group_id, "household_id": home.household_id}  # fmt: skip


def _subscribed(roll: Roll, today: date) -> Facts:
    """Each takes the first option at every date; the policy of the schedules agrees the cheques."""
    option = roll.contract.terms["options"][0]
    amount = int(option["price_cents"]) * len(roll.contract.terms["deliveries"])
    days = [date.fromisoformat(day) for day in roll.contract.terms["payment"]["calendar"][:CHEQUES]]
    events: list[Any] = []
    for home in roll.members:
        ids = _of(roll, home)
        cheques = [season.PlannedCheque(cheque_id=f"{ids['subscription_id']}.{nth}", amount_cents=amount // CHEQUES, cash_on=day)
                   for nth, day in enumerate(days, start=1)]  # fmt: skip
        lines = [season.SubscribedLine(option_id=option["option_id"], quantity=1)]
        events += [
            season.SubscriptionRegistered(
                **ids, person_id=home.person_id, lines=lines, starts_on=today, amount_cents=amount, channel="web",
                cheques=cheques,
            ),
            season.SubscriptionConfirmed(**ids),
        ]  # fmt: skip
    return [(f"contract-{roll.contract.contract_id}", events)]


def _paid(roll: Roll, today: date) -> Facts:
    """The first cheque of every third has come; everybody has deposited something for this contract."""
    found: Facts = []
    for number, home in enumerate(roll.members):
        ids = _of(roll, home)
        if number % 3 == 0:
            came = season.ChequeReceived(
                subscription_id=ids["subscription_id"], cheque_id=f"{ids['subscription_id']}.1", group_id=ids["group_id"],
                person_id=home.person_id, number=f"{8_000_000 + number}", bank=season_acts.BANKS[0], issued_on=today,
            )  # fmt: skip
            found.append((f"schedule-{ids['subscription_id']}", [came]))
        eater, desk = f"eater:{home.household_id}", f"desk:{ids['group_id']}:cheque"
        entry = ledger.PrepaymentReceived(
            entry_id=str(uuid4()), group_id=ids["group_id"], household_id=home.household_id, amount_cents=DEPOSIT_CENTS,
            cheque=ledger.ChequeFacts(number=f"{9_000_000 + number}", bank=season_acts.BANKS[1]),
            contract_id=ids["contract_id"],
            postings=[ledger.Posting(account=eater, amount_cents=DEPOSIT_CENTS), ledger.Posting(account=desk, amount_cents=-DEPOSIT_CENTS)],
        )  # fmt: skip
        found.append((f"account-{home.household_id}", [entry]))
    return found


def _put(site: Site, facts: Facts) -> None:
    log, at = site.house.log, site.clock.now().isoformat()
    for stream, events in facts:
        written = len(log.read(stream))
        for start in range(0, len(events), AT_ONCE):
            trace = Trace(command_id=str(uuid4()), actor="bench")
            new = [_new_event(event, nth, trace, at) for nth, event in enumerate(events[start : start + AT_ONCE])]
            log.append(stream, new, expected=written - 1)
            written += len(new)
