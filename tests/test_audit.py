"""The bill of materials is made of the pins, each with its hashes; a source of vulnerabilities that is silent is no good news."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from cyclonedx.model.bom import Bom

from tests.audit.__main__ import judged
from tests.audit.bill import bill
from tests.audit.known import CONTROL, Told, ask
from tests.audit.pins import FOLDER, Pin, canonical, pinned, read

pytestmark = pytest.mark.proof("T40")

FLASK, JINJA = Pin("flask", "3.1.2", ("0" * 64,), True), Pin("jinja2", "2.10", ("1" * 64,), True)
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.10.1"]}


def answers(**vulns):
    """pip-audit's answer: these packages with these vulnerabilities."""
    entries = [{"name": name, "version": "1", "vulns": found} for name, found in vulns.items()]
    return lambda _words: (json.dumps({"dependencies": entries}), "")


# -- pins ----------------------------------------------------------------------------------------------------------


def test_every_dependency_is_pinned_to_one_version_with_its_hashes():
    pins = pinned()
    assert len({pin.name for pin in pins}) == len(pins) > 100
    assert all(pin.hashes for pin in pins)
    assert {"flask", "msgspec", "pika"} < {pin.name for pin in pins if pin.at_run}
    assert {"pytest", "ruff"} < {pin.name for pin in pins if not pin.at_run}


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_no_line_of_the_requirements_is_overlooked(name):
    named = [line for line in (FOLDER / name).read_text().splitlines() if line and line[0] not in " #"]
    assert len(read(FOLDER / name, at_run=True)) == len(named)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("flask==3.1.2\n", "no hash: flask==3.1.2"),
        ("flask==3.1.2 --hash=md5:00\n", "no hash"),
        ("flask>=3\n", "no pinned version"),
        ("flask @ file:///x.whl\n", "no pinned version"),
        (f"flask==3.1.2 --hash=sha256:{'0' * 64} --pre\n", "no pinned version"),
    ],
)
def test_a_line_without_version_or_hash_is_refused(tmp_path, line, told):
    (tmp_path / "run.txt").write_text(line)
    with pytest.raises(ValueError, match=told):
        read(tmp_path / "run.txt", at_run=True)


# -- the bill ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return bill(pinned())


def test_the_bill_lists_each_pin_with_version_hashes_and_scope(made):
    told, pins = json.loads(made), pinned()
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    listed = {each["name"]: each for each in told["components"]}
    assert listed.keys() == {pin.name for pin in pins}
    for pin in pins:
        each = listed[pin.name]
        assert each["purl"] == f"pkg:pypi/{pin.name}@{pin.version}"
        assert sorted(hash_["content"] for hash_ in each["hashes"]) == sorted(pin.hashes)
        assert each["scope"] == ("required" if pin.at_run else "excluded")


def test_the_bill_tells_who_needs_whom_and_licences(made):
    told = json.loads(made)
    needs = {each["ref"].partition("@")[0]: str(each.get("dependsOn", "")) for each in told["dependencies"]}
    assert "pkg:pypi/flask@" in needs["grenier"]
    assert "pkg:pypi/werkzeug@" in needs["pkg:pypi/flask"]
    assert told["metadata"]["component"]["licenses"] == [{"license": {"id": "AGPL-3.0-or-later"}}]
    unlicensed = [
        each["name"] for each in told["components"] if each["scope"] == "required" and not each.get("licenses")
    ]
    assert len(unlicensed) < 5, unlicensed


def test_others_can_read_the_bill_and_the_same_pins_make_the_same(made):
    back = Bom.from_json(json.load(StringIO(made)))
    assert len(back.components) == len(pinned())
    assert back.serial_number == Bom.from_json(json.loads(bill(pinned()))).serial_number


def test_no_address_of_a_registry_stands_in_the_bill(made):
    told = json.loads(made)
    assert not any("externalReferences" in each for each in told["components"])


# -- known vulnerabilities -----------------------------------------------------------------------------------------


def test_a_vulnerability_is_a_miss_that_names_it_and_what_mends_it():
    told = ask("osv", [FLASK, JINJA], run=answers(pycrypto=[HOLE], flask=[], jinja2=[HOLE]))
    row = judged([FLASK, JINJA], [told])
    assert row.problems == ["jinja2 2.10: PYSEC-1, CVE-1; mended in 2.10.1"]
    assert (row.figure["answered for"], row.figure["known vulnerabilities"]) == (2, 1)


def test_one_that_two_sources_tell_under_two_names_is_one():
    other = {"id": "GHSA-1", "aliases": ["CVE-1"], "fix_versions": []}
    told = [
        ask(name, [JINJA], run=answers(pycrypto=[HOLE], jinja2=[hole])) for name, hole in (("a", HOLE), ("b", other))
    ]
    assert judged([JINJA], told).figure["known vulnerabilities"] == 1


def test_one_that_was_looked_into_and_does_no_harm_is_told_apart():
    told = ask("osv", [JINJA], run=answers(pycrypto=[HOLE], jinja2=[HOLE]))
    row = judged([JINJA], [told], harmless=["CVE-1"])
    assert row.passed
    assert row.figure["held harmless"] == 1


def test_clean_is_only_what_a_source_answered_for():
    clean = ask("osv", [FLASK], run=answers(pycrypto=[HOLE], flask=[]))
    assert judged([FLASK], [clean]).passed
    partly = ask("osv", [FLASK, JINJA], run=answers(pycrypto=[HOLE], flask=[]))
    assert judged([FLASK, JINJA], [partly]).problems == ["no source answered for 1 of 2: jinja2 2.10…"]


def test_one_source_is_enough_when_it_answered_for_everything():
    clean = ask("osv", [FLASK], run=answers(pycrypto=[HOLE], flask=[]))
    assert judged([FLASK], [Told("pypi", trouble="not reached"), clean]).passed


def test_a_source_that_is_away_or_knows_nothing_is_no_pass():
    away = ask("osv", [FLASK], run=lambda _words: ("", "Traceback\nConnectionError: no such name\n"))
    blind = ask("pypi", [FLASK], run=answers(pycrypto=[], flask=[]))
    row = judged([FLASK], [away, blind])
    assert row.problems[0] == "osv: not reached: ConnectionError: no such name"
    assert row.problems[1].startswith("pypi: knows no vulnerabilities: it told nothing of pycrypto")
    assert "no source answered for 1 of 1" in row.problems[2]
    assert row.figure["sources"] == "none"


class Advisories(BaseHTTPRequestHandler):
    """Answers as OSV does: a vulnerability of the control, none of anything else."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hole = {"id": "PYSEC-2018-97", "summary": "weak keys", "affected": [], "modified": "2018-02-03T00:00:00Z"}
        found = {"vulns": [hole]} if asked["package"]["name"] == CONTROL[0] else {}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_pip_audit_says_what_is_read_here():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        told = ask("osv", [FLASK], ["--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"])
    finally:
        server.shutdown()
        server.server_close()
    assert (told.trouble, told.answered, told.findings) == ("", frozenset({"flask"}), [])


def test_names_are_compared_as_the_index_does():
    assert canonical("Flask_Babel.x") == "flask-babel-x"
