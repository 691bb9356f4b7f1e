"""The lists of a season as tables: the same facts as on paper, for spreadsheets (`table_files.py`)."""

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _

from gateway.calls import ask
from gateway.documents import handed_out, sign_off
from gateway.documents.products import code_of, shares_of
from gateway.documents.words import alphabetical
from gateway.printing import Facts, group_name, names_of
from gateway.season.words import subscription_state
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list


def sign_off_table(facts: Facts) -> Table:
    """A row per basket, a column per option, sums of all; shares of whole baskets as the last column."""
    options = handed_out.columns_of(facts)
    keys = [f"q{at}" for at in range(len(options))]
    rows = []
    for person in handed_out.people_of(facts):
        taken = [handed_out.quantity_of(contract, option, person["ids"]) for contract, option in options]
        shares = sum(shares_of(option, quantity) for (_c, option), quantity in zip(options, taken, strict=True))
        number = handed_out.number_of(facts, person)
        told = {
            "number": int(number) if number.isdecimal() else None,
            "name": person["name"],
            "phone": person.get("phone", ""),
        }
        taker = ", ".join(
            sorted(
                {
                    each["taker"]
                    for contract in facts["contracts"]
                    for each in handed_out.exchanges_of(contract, person["ids"])
                }
            )
        )
        told["remarks"] = ", ".join(handed_out.remarks_of(facts, person, takers=False))
        rows.append({**told, **dict(zip(keys, taken, strict=True)), "shares": round(shares, 2), "taker": taker})
    columns = [Column("number", _("N°"), "number"), Column("name", _("Nom")), Column("phone", _("Téléphone"))]
    columns += [
        Column(key, code_of(option), "number", total=True) for key, (_c, option) in zip(keys, options, strict=True)
    ]
    columns += [
        Column("shares", _("Parts"), "number", total=True),
        Column("taker", _("Remis à")),
        Column("remarks", _("Commentaire")),
        Column("signed", _("Signature")),
    ]
    return Table(f"emargement-{facts['on']}", _("Feuille d’émargement"), columns, rows)


def several_table(facts: Facts) -> Table:
    """A column per date with what is taken, in words."""
    sheet = sign_off.several(facts)
    keys = [f"c{at}" for at in range(len(sheet["columns"]))]
    columns = [Column(key, each["label"]) for key, each in zip(keys, sheet["columns"], strict=True)]
    return Table(
        "emargement-dates", sheet["title"], columns, [dict(zip(keys, row, strict=True)) for row in sheet["rows"]]
    )


def matrix_table(facts: Facts) -> Table:
    """Members × products; the sum of a line and of a column are formulas."""
    options = handed_out.columns_of(facts)
    keys = tuple(f"q{at}" for at in range(len(options)))
    rows = []
    for person in handed_out.people_of(facts):
        taken = [handed_out.quantity_of(contract, option, person["ids"]) for contract, option in options]
        rows.append({"name": person["name"], **dict(zip(keys, taken, strict=True))})
    columns = [Column("name", _("Nom"))]
    columns += [
        Column(key, option["title"], "number", total=True) for key, (_c, option) in zip(keys, options, strict=True)
    ]
    columns += [Column("sum", _("Total"), "number", total=True, adds=keys)] if keys else []
    return Table(f"repartition-{facts['on']}", _("Répartition des produits"), columns, rows)


def quantities_table(facts: Facts) -> Table:
    rows = [{**told, "quantity": handed_out.as_number(told["units_percent"] / 100)} for told in facts["totals"]]
    columns = [Column("code", _("Code")), Column("title", _("Produit")), Column("quantity", _("Quantité"), "number", total=True),
               Column("baskets", _("Paniers"), "number")]  # fmt: skip
    return Table(f"quantites-{facts['on']}", _("Quantités à livrer"), columns, rows)


def cheques_table(name: str, cheques: list[Facts]) -> Table:
    """Cheques with everything that is written on them; `name`d rows come from whoever asked."""
    words = {"expected": _("attendu"), "received": _("reçu"), "handed_over": _("remis"), "returned": _("rendu")}
    rows = [
        {**each, "cash_on": date.fromisoformat(each["cash_on"]), "state": words.get(each.get("state", ""), ""),
         "issuer": each.get("issuer") or each["name"]}
        for each in sorted(cheques, key=lambda each: (each["cash_on"], alphabetical(each["name"])))
    ]  # fmt: skip
    columns = [
        Column("cash_on", _("Encaissement"), "date"), Column("name", _("Foyer")), Column("issuer", _("Émetteur")), Column("bank", _("Banque")),
        Column("number", _("Numéro")), Column("state", _("État")), Column("amount_cents", _("Montant"), "money", total=True),
    ]  # fmt: skip
    return Table(name, _("Chèques"), columns, rows)


def group_cheques_table(group_id: str, **filters: str) -> Table:
    found = ask("contracts", "cheques", group_id=group_id, **filters)["cheques"]
    names = names_of(row["household_id"] for row in found)
    return cheques_table("cheques", [{**row, "name": names[row["household_id"]]} for row in found])


def statement_table(facts: Facts) -> Table:
    rows = [{**line, "on": date.fromisoformat(line["on"])} for line in facts["lines"]]
    columns = [Column("on", _("Date"), "date"), Column("label", _("Opération")), Column("amount_cents", _("Montant"), "movement", total=True),
               Column("balance_cents", _("Solde"), "movement")]  # fmt: skip
    return Table(f"decompte-{facts['until']}", _("Décompte"), columns, rows)


def subscriptions_table(contract_id: str) -> Table:
    """A column per option with its quantity at each delivery (the sum over all, where baskets are composed)."""
    told = ask("contracts", "contract", contract_id=contract_id)
    terms = told["terms"]
    rows: list[Facts] = whole_list("contracts", "subscriptions", contract_id=contract_id)["subscriptions"]
    names = names_of(one for row in rows for one in [row["household_id"], *row["household_ids"]])
    shown = [_subscription(row, names) for row in rows]
    columns = [
        Column("name", _("Foyer")),
        Column("state", _("État")),
        Column("since", _("Début"), "date"),
        Column("series", _("Semaine")),
    ]
    columns += [
        Column(option["option_id"], code_of(option), "number", total=True) for option in terms.get("options", [])
    ]
    columns += [Column("amount_cents", _("Montant"), "money", total=True), Column("signed", _("Signé par"))]
    caption = f"{_('Inscriptions')} : {told['title']}"
    return Table("inscriptions", caption, columns, shown, publisher=group_name(told["group_id"]))


def _subscription(row: Facts, names: Mapping[str, str]) -> Facts:
    parties = {"member": _("membre"), "producer": _("ferme"), "group": _("groupe")}
    homes = dict.fromkeys([row["household_id"], *row["household_ids"]])
    taken = {
        line["option_id"]: sum(line.get("per_delivery", {}).values()) or line.get("quantity", 0)
        for line in row["lines"]
    }
    return {
        "name": " / ".join(names[one] for one in homes), "state": subscription_state(row["state"])[1], "series": row["series"],
        "since": date.fromisoformat(row["starts_on"]), "amount_cents": row["amount_cents"],
        "signed": ", ".join(parties.get(one, one) for one in sorted(row["signed"])), **taken,
    }  # fmt: skip


def families_table(group_id: str, as_of: str = "") -> Table:
    """The families with a running subscription on a day (S0:30)."""
    found = ask("contracts", "household_register", group_id=group_id, **({"as_of": as_of} if as_of else {}))
    rows = [
        {
            "number": row["number"] or None, "label": row["label"] or "–", "persons": ", ".join(person["name"] for person in row["persons"]),
            "emails": ", ".join(filter(None, (person["email"] for person in row["persons"]))),
            "phones": ", ".join(filter(None, (person["phone"] for person in row["persons"]))),
            "contracts": ", ".join(held["title"] for held in row["contracts"]), "held": len(row["contracts"]),
        }
        for row in found["households"]
    ]  # fmt: skip
    columns = [Column("number", _("N°"), "number"), Column("label", _("Foyer")), Column("persons", _("Personnes")), Column("emails", _("Courriels")),
               Column("phones", _("Téléphones")), Column("contracts", _("Contrats")), Column("held", _("Nombre"), "number", total=True)]  # fmt: skip
    return Table(f"familles-{found['as_of']}", _("Familles adhérentes"), columns, rows)


def balances_table(contract_id: str) -> Table:
    found = whole_list("ledger", "contract_accounts", contract_id=contract_id)
    rows: list[Facts] = found["items"]
    names = names_of(row["household_id"] for row in rows)
    shown = [{**row, "name": names[row["household_id"]]} for row in rows]
    columns = [Column("name", _("Foyer")), Column("paid_cents", _("Versé"), "money", total=True), Column("charged_cents", _("Livré"), "money", total=True),
               Column("balance_cents", _("Solde"), "movement", total=True), Column("committed_cents", _("Commandé"), "money", total=True)]  # fmt: skip
    told = found["contract"]
    caption = f"{_('Soldes du contrat')} : {told['title']}"
    return Table("soldes", caption, columns, shown, publisher=group_name(told["group_id"]))


def parcels_table(cycle_id: str) -> Table:
    found = whole_list("orders", "parcels", cycle_id=cycle_id)
    rows: list[Facts] = found["items"]
    names = names_of(row["household_id"] for row in rows)
    words = {"expected": _("attendu"), "received": _("reçu"), "handed_over": _("remis")}
    shown = [
        {
            "name": names[row["household_id"]], "state": words.get(row["state"], row["state"]), "missing": row["missing"],
            "content": ", ".join(f"{line['quantity']} × {line['name']}" for line in row["lines"]),
            "units": sum(line["quantity"] for line in row["lines"]),
        }
        for row in rows
    ]  # fmt: skip
    shown.sort(key=lambda row: alphabetical(row["name"]))
    columns = [Column("name", _("Foyer")), Column("state", _("État")), Column("content", _("Contenu")), Column("units", _("Unités"), "number", total=True),
               Column("missing", _("Manquants"), "number", total=True), Column("signed", _("Signature"))]  # fmt: skip
    told = found["cycle"]
    caption = f"{_('Suivi des colis')} : {told['title']}"
    return Table("colis", caption, columns, shown, publisher=group_name(told["group_id"]))
