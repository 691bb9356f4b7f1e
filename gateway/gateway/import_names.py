"""Whom and what a cell of an imported sheet means: options of a contract by code or title, households by number, e-mail or name."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.spreadsheets import bare, day, whole
from gateway.whole_lists import whole_list

QUANTITY_HEAD = re.compile(r"(?i)^\s*(qt[ée]|quantit[ée]|nb|nombre)\s*(de|d['’])?\s*")
DATED_HEAD = re.compile(r"^(.*?)[\s(/-]*(\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})\)?$")


class Options:
    """Options of a contract by their code and title, deliveries by their day."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self.names: dict[str, str] = {}
        for option in terms.get("options", []):
            for name in (option["option_id"], option["title"], option.get("code", "")):
                if bare(name):
                    self.names[bare(name)] = option["option_id"]
        self.days = {str(each["on"])[:10]: each["delivery_id"] for each in terms.get("deliveries", [])}

    def named(self, text: str) -> str:
        return self.names.get(bare(text), "") or self.names.get(bare(QUANTITY_HEAD.sub("", text)), "")

    def of_head(self, head: str) -> tuple[str, str] | None:
        """(option, delivery or "") that a column stands for; None for a column that says something else."""
        if option_id := self.named(head):
            return option_id, ""
        if dated := DATED_HEAD.match(head):
            on = day(dated.group(2))
            option_id = self.named(dated.group(1)) or (
                next(iter(self.names.values()))
                if len(set(self.names.values())) == 1 and not dated.group(1).strip()
                else ""
            )
            if on and option_id and on.isoformat() in self.days:
                return option_id, self.days[on.isoformat()]
        return None

    def stray(self, head: str) -> bool:
        """A column of an option at a day on which the contract delivers nothing."""
        dated = DATED_HEAD.match(head)
        return bool(dated and self.named(dated.group(1)) and day(dated.group(2)))


class Directory:
    """The households of a group by number, e-mail and name in any order."""

    def __init__(self, group_id: str) -> None:
        self.by: dict[str, dict[str, list[dict[str, Any]]]] = {"numero": {}, "courriel": {}, "nom": {}}
        for home in whole_list("contracts", "members", group_id=group_id)["households"]:
            self._know(home)

    def _know(self, home: dict[str, Any]) -> None:
        names = {_sorted(home["label"])}
        for person in home["persons"]:
            self._put("courriel", person["email"].strip().casefold(), home)
            names |= {_sorted(f"{person['first_name']} {person['last_name']}"), _sorted(person["last_name"])}
        for name in names:
            self._put("nom", name, home)
        self._put("numero", str(home["number"] or ""), home)

    def _put(self, key: str, name: str, home: dict[str, Any]) -> None:
        if name and home not in self.by[key].setdefault(name, []):
            self.by[key][name].append(home)

    def find(self, key: str, told: str) -> list[dict[str, Any]]:
        if key == "numero":
            number = whole(re.sub(r"(?i)^n[°o]?\s*", "", told.strip()))
            return self.by[key].get(str(number), [])
        if key == "courriel":
            return self.by[key].get(told.strip().casefold(), [])
        return self.by[key].get(_sorted(told), [])


def _sorted(name: str) -> str:
    """« MARTIN Zoé » and « Zoé Martin » are one name."""
    return " ".join(sorted(bare(word) for word in re.split(r"[\s/,]+", name) if bare(word)))
