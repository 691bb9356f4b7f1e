"""The three boxes at the end of a contract: who signed, when, by which means, and which document they saw."""

from collections.abc import Mapping
from typing import Any

from gateway.documents.words import moment, plain

MEANS = {"tick": "signé en ligne", "link": "signé par lien personnel", "paper": "signé sur papier"}
SHOWN = 16


def boxes(facts: Mapping[str, Any], inclusive: bool) -> list[dict[str, Any]]:
    group = facts["group"]
    parties = (
        ("member", plain("L’adhérent·e", inclusive)),
        ("producer", plain("Le·a producteur·rice", inclusive)),
        ("group", f"Pour {group['name']}"),
    )
    signed: dict[str, list[Mapping[str, Any]]] = {}
    for each in facts.get("signatures", []):
        signed.setdefault(each["party"], []).append(each)
    zone = group.get("time_zone", "Europe/Paris")
    return [{"party": name, "lines": _lines(signed.get(party, []), zone)} for party, name in parties]


def _lines(signatures: list[Mapping[str, Any]], zone: str) -> list[str]:
    found = []
    for each in signatures:
        found += [each.get("name", ""), f"{MEANS.get(each['means'], '')} le {moment(each['at'], zone)}"]
        if each.get("document_sha256"):
            found.append(f"document vu : {each['document_sha256'][:SHOWN]}…")
    return [line for line in found if line]
