"""T23 and T24 in short: splits sum, goods are conserved; a million cases and 100,000 events with make chaos."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from grenier.language.logistics import Movement, PalletPlanned, SignedOff
from grenier.readmodel import fact_of
from tests.contention.goods import Books
from tests.contention.goods_months import months
from tests.contention.splits import cases, digest, over, unfair
from tests.lived_month import Lived


@pytest.mark.proof("T23")
def test_what_is_split_adds_up() -> None:
    assert cases(20_000, seed=23).problems == []


@pytest.mark.proof("T23")
def test_another_process_splits_the_same() -> None:
    code = "from tests.contention.splits import digest; print(digest(200, 23))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": "7", "PYTHONPATH": "."}, check=True)  # fmt: skip
    assert done.stdout.strip() == digest(200, 23)


def test_the_checks_see_a_lost_cent() -> None:
    assert unfair(10, [1, 1], [5, 4]) != []
    assert unfair(10, [1, 1], [6, 4]) != []
    assert unfair(10, [0, 1], [1, 9]) != []
    from orders_svc.regulation import Asked

    assert over([Asked("a", 3, 0)], 2, {"a": 1}, "prorata") != []
    assert over([Asked("a", 3, 0), Asked("b", 3, 1)], 4, {"a": 4, "b": 0}, "prorata") != []


def check(events) -> Books:
    books = Books()
    for position, event in events:
        books.note(event, position)
    books.finish()
    return books


@pytest.mark.proof("T24")
def test_goods_of_a_lived_month_are_conserved(lived: Lived) -> None:
    books = check((fact.position, fact.event) for fact in map(fact_of, lived.site.house.log.read_all()))
    assert books.problems == []
    assert min(books.movements, len(books.pallets)) > 0


@pytest.mark.proof("T24")
def test_goods_of_generated_months_are_conserved() -> None:
    books = check(enumerate(months(3_000)))
    assert books.problems == []
    assert books.kind["household", "bread"] > 0
    assert books.kind["loss", "bread"] != 0


def test_the_books_see_what_goes_missing() -> None:
    log = list(months(500))
    signed = next(place for place, event in enumerate(log) if isinstance(event, SignedOff) and event.movements)
    more = [*log[signed].movements, Movement(source="household:x", target="group:y", product_id="bread", quantity=1)]
    assert check(enumerate([*log[:signed], msgspec.structs.replace(log[signed], movements=more)])).problems
    planned = next(place for place, event in enumerate(log) if isinstance(event, PalletPlanned))
    assert check(enumerate([*log[: planned + 1], *log[planned:]])).problems, "a pallet planned twice"
    fewer = msgspec.structs.replace(log[planned], lines=log[planned].lines[1:])
    assert check(enumerate([*log[:planned], fewer, *log[planned + 1 :]])).problems, "a line on no pallet"
    heavy = msgspec.structs.replace(log[planned], weight_g=600_001)
    assert check(enumerate([*log[:planned], heavy])).problems
