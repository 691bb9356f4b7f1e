"""Facts to print in tests: long names, accents, sixty households, a year of Thursdays; what a hostile name looks like."""

from datetime import date, timedelta
from typing import Any

HOSTILE = "#panic(1) *gras* _x_ $y$ <z> @ref \\ « Ñandú »"
FIRST = "Éloïse Maximilien Ana-Lucía Jean-Baptiste Zoé Aïcha Përparim Noémie Œdipe Françoise".split()
LAST = [
    "d’Arc", "Nguyễn-Thị", "Müller", "de la Tour d’Auvergne-Lauraguais", "Łukasiewicz", "Benbrahim El Idrissi",
    "Réverchaud-Tillier", "Öztürk", "Martin", "Çelik",
]  # fmt: skip
GROUP = {
    "group_id": "g1", "name": "AMAP des Confitures de Bellevue-sur-Loire", "place": "Salle des fêtes, 12 rue de l’Église, 42000 Saint-Étienne",
    "contact": "contact@amap-confitures.example", "inclusive": True, "time_zone": "Europe/Paris",
}  # fmt: skip
PRODUCER = {
    "name": "Ferme du Pré-aux-Œillets (EARL Bourbonnais-Chèvrefeuille)", "address": "Lieu-dit Les Échaliers, 42110 Épercieux-Saint-Paul",
    "contact_name": "Anne-Cécile Bourbonnais", "phone": "06 12 34 56 78", "email": "ferme@pre-aux-oeillets.example",
    "certification": "Agriculture biologique",
}  # fmt: skip
REFERENTS = [
    {"name": "Éloïse d’Arc", "phone": "06 00 00 00 01", "email": "eloise@amap.example"},
    {"name": "Maximilien de la Tour d’Auvergne-Lauraguais", "phone": "", "email": "max@amap.example"},
]


def household(at: int) -> dict[str, Any]:
    name = f"{LAST[at % len(LAST)]} {FIRST[(at * 7) % len(FIRST)]}"
    co = f"{LAST[(at * 3 + 1) % len(LAST)]} {FIRST[(at + 4) % len(FIRST)]}" if at % 4 == 0 else ""
    return {
        "household_id": f"h{at}",
        "number": at + 1,
        "name": f"{name} / {co}" if co else name,
        "phone": f"06 {at % 100:02d} 34 56 78",
        "email": f"foyer{at}@example.org",
    }


def deliveries(how_many: int = 52, start: date = date(2026, 11, 5), every: int = 7) -> list[dict[str, Any]]:
    return [
        {
            "delivery_id": f"d{at}", "on": (start + timedelta(days=every * at)).isoformat(), "starts": "18:30", "ends": "19:30",
            "place": "", "factor_percent": 100, "series": "", "cancelled": False, "moved_from": None, "reason": "",
        }
        for at in range(how_many)
    ]  # fmt: skip


def option(option_id: str, title: str, price_cents: int, **more: Any) -> dict[str, Any]:
    return {
        "option_id": option_id, "title": title, "price_cents": price_cents, "code": "", "unit": "piece", "net_weight_g": 0,
        "category": "", "sale": "piece", "portion_g": 0, "share_bp": 10_000, "quantities": [], "limit": 0, "delivery_ids": [],
        "content": "", **more,
    }  # fmt: skip


def terms(kind: str = "fixed_multiple", **more: Any) -> dict[str, Any]:
    days = deliveries()
    days[3]["cancelled"] = True
    days[4]["factor_percent"] = 200
    return {
        "title": "Légumes et confitures de la ferme", "starts_on": "2026-11-05", "ends_on": "2027-10-31", "basket_kind": kind,
        "options": [
            option("pan", "Panier de légumes de saison", 1400, code="PAN", content="5 à 8 légumes selon la saison"),
            option("demi", "Demi-panier de légumes", 750, code="DEMI", share_bp=5000),
            option("comte", "Comté affiné 12 mois", 1590, code="COM", sale="weighed", portion_g=250),
        ],
        "deliveries": days, "rounds": [],
        "payment": {"payee": "EARL Bourbonnais-Chèvrefeuille", "means": ["cheque", "transfer"], "calendar": ["2026-11-15", "2027-01-15", "2027-03-15"],
                    "counts": [1, 2, 3, 6], "minimum_cheque_cents": 2000, "splits_percent": {}, "prepayment_cents": 0, "references": ""},
        "sign_up": {}, "complement": "Semaine A", "description": "", "producer_note": "Maraîchage sur 3 ha, **sans chimie**.\n\n- 40 légumes\n- 12 confitures",
        "farm_visits": 2, "instructions": "Peser chaque sac.", "mention": "", **more,
    }  # fmt: skip


def subscription(**more: Any) -> dict[str, Any]:
    """Two lines from the eleventh date on; `amount_cents` as contracts-svc counts it."""
    return {
        "subscription_id": "s1",
        "member": {"name": "Éloïse d’Arc", "phone": "06 11 22 33 44", "email": "eloise@example.org", "number": 12,
                   "address": "3 bis impasse des Mûriers, 42100 Saint-Étienne"},
        "co_names": ["Przemysław Łukasiewicz-Brzęczyszczykiewicz"], "starts_on": "2027-01-14", "series": "", "absences": ["d20"],
        "absence_dates": ["2027-03-25"], "lines": [{"option_id": "pan", "quantity": 1, "per_delivery": {}},
                                                  {"option_id": "comte", "quantity": 2, "per_delivery": {}}],
        "amount_cents": 89995, "means": "cheque",
        "cheques": [{"cash_on": f"2027-0{month}-15", "amount_cents": 29900 if month < 5 else 30195, "number": f"000{month}", "bank": "Crédit coopératif", "issuer": ""}
                    for month in (1, 3, 5)], **more,
    }  # fmt: skip


def contract_facts(**more: Any) -> dict[str, Any]:
    return {
        "group": GROUP, "producer": PRODUCER, "referents": REFERENTS, "terms": terms(), "version": 3, "dated": "2026-10-01",
        "clauses": {}, "signatures": [], "subscription": None, **more,
    }  # fmt: skip


def baskets(modular: bool = False) -> list[dict[str, Any]]:
    """Of sixty households: every fourth takes half a basket, the tenth pair shares one, the fifth gave theirs away."""
    found = []
    for at in range(60):
        lines = [{"option_id": "demi" if at % 4 == 0 else "pan", "quantity": 1 + at % 2}]
        if modular:
            lines = [
                {"option_id": name, "quantity": quantity}
                for name, quantity in (("fraise", at % 3), ("coing", 1))
                if quantity
            ]
        ids = [f"h{at}"] if at != 10 else ["h10", "h11"]
        found.append({"household_ids": ids, "lines": lines, "absent": at == 7, "picker_household_id": "h11" if at == 10 else ids[0],
                      "exchange": {"taker": "Œdipe Çelik", "state": "accepted"} if at == 5 else None})  # fmt: skip
    return [each for each in found if each["household_ids"] != ["h11"]]


def contracts_of_the_day() -> list[dict[str, Any]]:
    jams = [
        option("fraise", "Confiture de fraises 320 g", 540, code="FRA"),
        option("coing", "Gelée de coings", 480, code="COI"),
    ]
    return [
        {"title": "Légumes", "instructions": "Peser les pommes de terre : 2 kg par panier.", "modular": False,
         "options": terms()["options"], "baskets": baskets()},
        {"title": "Confitures", "instructions": "", "modular": True, "options": jams, "baskets": baskets(modular=True)},
    ]  # fmt: skip


def day_facts(**more: Any) -> dict[str, Any]:
    return {
        "group": GROUP, "on": "2026-11-26", "starts": "18:30", "ends": "19:30", "place": "Salle des fêtes", "dated": "2026-11-22",
        "households": [household(at) for at in range(60)], "contracts": contracts_of_the_day(), "clauses": {"message": "Apportez vos sacs. **Merci** de rendre les bocaux !"},
        "kept": [{"keeper": "Éloïse d’Arc", "keeper_phone": "06 00 00 00 01", "household_id": "h12"}],
        "volunteers": [{"name": "Çelik Françoise", "role": "accueil", "hours": "18 h – 19 h 30"}, {"name": "", "role": "pesée", "hours": "18 h – 19 h 30"}],
        "next": [{"on": "2026-12-03", "names": ["Martin Zoé, accueil"], "free": ["pesée", "rangement"]}, {"on": "2026-12-10", "names": [], "free": []}],
        "contacts": REFERENTS, **more,
    }  # fmt: skip


def dates_facts(how_many: int) -> dict[str, Any]:
    facts = day_facts()
    dates = [{"on": each["on"], "contracts": contracts_of_the_day()[:1]} for each in deliveries(how_many)]
    return {**facts, "contracts": [], "dates": dates}


def cheque_facts(**more: Any) -> dict[str, Any]:
    cheques = [
        {"name": household(at)["name"], "issuer": "SCI des Mûriers" if at % 9 == 0 else "", "bank": "Crédit coopératif", "number": f"{1234567 + at}",
         "cash_on": "2026-12-15" if at % 2 else "2027-01-15", "amount_cents": 3000 + at}
        for at in range(60)
    ]  # fmt: skip
    return {
        "group": GROUP, "producer": PRODUCER, "contract": {"title": "Légumes"}, "on": "2026-11-26", "cheques": cheques,
        "contracts": [household(at)["name"] for at in range(3)], "receipt": None, "dated": "2026-11-22", **more,
    }  # fmt: skip


def quantity_facts(**more: Any) -> dict[str, Any]:
    contract = contracts_of_the_day()[1]
    taken: dict[str, int] = {}
    for basket in contract["baskets"]:
        for line in basket["lines"] if not basket["absent"] else []:
            taken[line["option_id"]] = taken.get(line["option_id"], 0) + line["quantity"]
    return {
        "group": GROUP, "producer": PRODUCER, "contract": {"title": "Confitures", "basket_kind": "modular"}, "on": "2026-11-26", "starts": "18:30",
        "ends": "19:30", "place": "Salle des fêtes", "options": contract["options"], "baskets": contract["baskets"],
        "totals": [{"option_id": each["option_id"], "code": each["code"], "title": each["title"], "units_percent": 100 * taken[each["option_id"]], "baskets": 1}
                   for each in contract["options"]],
        "shares_bp": 10_000 * sum(taken.values()), "households": [household(at) for at in range(60)], "dated": "2026-11-22", **more,
    }  # fmt: skip


def order_facts(filled: bool = False, **more: Any) -> dict[str, Any]:
    lines = [
        {"title": f"Confiture de {fruit}", "category": "Confitures" if at < 8 else "Sirops", "unit": "pot de 320 g", "price_cents": 480 + 10 * at,
         "quantity": (at % 3) if filled else 0, "amount_cents": (at % 3) * (480 + 10 * at)}
        for at, fruit in enumerate("fraises framboises cassis mûres groseilles rhubarbe coings pêches thym menthe sureau verveine".split())
    ]  # fmt: skip
    member = (
        {"name": "Réverchaud-Tillier Ana-Lucía", "phone": "06 11 22 33 44", "number": 12, "tier": ""}
        if filled
        else None
    )
    return {
        "group": GROUP, "title": "Confitures, commande n° 2", "open": "du 1er au 12 novembre 2026", "distribution": "jeudi 26 novembre 2026, 18 h 30 – 19 h 30, salle des fêtes",
        "slot": "", "member": member, "lines": lines, "total_cents": sum(each["amount_cents"] for each in lines), "clauses": {}, "dated": "2026-11-01", **more,
    }  # fmt: skip


def statement_facts(**more: Any) -> dict[str, Any]:
    lines, balance = [], 0
    for at in range(60):
        cents = 5000 if at % 6 == 0 else -1000 - at
        balance += cents
        label = (
            "Chèque de provision n° 0001"
            if cents > 0
            else f"Livraison du panier n° {at}, contrat Confitures de la Ferme du Pré-aux-Œillets"
        )
        lines.append(
            {
                "on": (date(2026, 11, 5) + timedelta(days=at)).isoformat(),
                "label": label,
                "amount_cents": cents,
                "balance_cents": balance,
            }
        )
    return {"group": GROUP, "name": "Réverchaud-Tillier Ana-Lucía / Çelik Éloïse", "since": "", "until": "2027-01-04", "opening_cents": None, "lines": lines,
            "balance_cents": balance, "committed_cents": 1250, "dated": "2027-01-04", **more}  # fmt: skip


def settlement_facts(kind: str = "payment", **more: Any) -> dict[str, Any]:
    facts = statement_facts()
    return {"group": GROUP, "name": facts["name"], "address": "3 bis impasse des Mûriers, 42100 Saint-Étienne", "lines": facts["lines"][:9],
            "balance_cents": sum(each["amount_cents"] for each in facts["lines"][:9]), "dated": "2027-11-02", "signed_by": "Éloïse d’Arc", "clauses": {},
            "contract": {"title": "Confitures", "starts_on": "2026-11-05", "ends_on": "2027-10-31"},
            "settled": {"kind": kind, "amount_cents": 1234, "means": "virement", "until": "2027-11-30", "to_title": "Confitures 2028"}, **more}  # fmt: skip


def membership_facts(filled: bool = False, **more: Any) -> dict[str, Any]:
    campaign = {
        "title": "Cotisations 2027",
        "valid_from": "2027-01-01",
        "valid_until": "2027-12-31",
        "group_dues_cents": -1,
        "network_dues_cents": 800,
    }
    member = (
        {
            "name": "Réverchaud-Tillier Ana-Lucía",
            "address": "3 bis impasse des Mûriers",
            "phone": "06 11",
            "email": "a@x.example",
            "number": 4,
        }
        if filled
        else None
    )
    paid = (
        {
            "group_dues_cents": 1500,
            "network_dues_cents": 800,
            "gift_cents": 500,
            "bank": "La Banque postale",
            "number": "7654321",
        }
        if filled
        else None
    )
    return {"group": GROUP, "campaign": campaign, "member": member, "paid": paid, "clauses": {}, "dated": "2027-01-10", **more}  # fmt: skip
