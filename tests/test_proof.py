"""How proofs are reported: a miss is never taken for a pass, and a run of some keeps the figures of the others."""

import json

import pytest

from tests.proof import PROOFS, Row, report


def test_forty_proofs_are_promised():
    assert list(PROOFS) == [f"T{number}" for number in range(1, 41)]


def test_a_miss_is_an_exit_code_and_stands_in_the_file(tmp_path, capsys):
    assert (
        report("chaos", [Row("T1", {"kills": 200}), Row("T5", {"lost": 3}, ["3 messages lost"])], folder=tmp_path) == 1
    )
    kept = json.loads((tmp_path / "chaos.json").read_text())
    assert (kept["T1"]["pass"], kept["T5"]["pass"], kept["T5"]["problems"]) == (True, False, ["3 messages lost"])
    assert "MISS" in capsys.readouterr().out


def test_a_run_of_some_keeps_the_others(tmp_path):
    report("chaos", [Row("T1", {"kills": 200})], folder=tmp_path)
    assert report("chaos", [Row("T5", {"lost": 0})], folder=tmp_path) == 0
    assert set(json.loads((tmp_path / "chaos.json").read_text())) == {"T1", "T5"}


def test_nothing_that_ran_is_no_pass(tmp_path):
    assert report("chaos", [], folder=tmp_path) == 2
    with pytest.raises(ValueError, match="T41"):
        Row("T41", {})
