"""The guides quote the pages: every label between « » is a text of the pages, every link leads somewhere."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = Path(__file__).parents[1] / "gateway" / "gateway"
GUIDES = sorted((DOCS / "guides").glob("*.md"))
# What script writes, what a translation quotes inside other words.
SAID_ELSEWHERE = {"+", "−", ""}
PLACE = re.compile(r"%\\\(\w+\\\)[sd]")
QUOTED = re.compile(r"_\('([^']+)'")
# Every stretch between two quotation marks, whichever of them opens.
STRING = re.compile(r'"(?=((?:[^"\\\n]|\\.)+)")')


def words_of_the_pages() -> list[re.Pattern[str]]:
    """Each French text as a pattern: %(name)s stands for anything, a long text may be quoted up to its first stop."""
    texts: set[str] = set()
    for path in [*PAGES.rglob("*.html"), *PAGES.rglob("*.py"), PAGES / "static" / "shop.js"]:
        source = path.read_text(encoding="utf-8")
        texts |= {*STRING.findall(source), *QUOTED.findall(source)}
    texts |= {text.split(mark)[0] for text in texts for mark in (" :", ", ", ". ") if len(text) > 40}
    return [re.compile(PLACE.sub(".+", re.escape(plain(text)))) for text in texts if says_something(text)]


def says_something(text: str) -> bool:
    """What is mostly a place for something else would match any quotation."""
    letters = sum(letter.isalpha() for letter in re.sub(r"%\(\w+\)[sd]", "", text))
    return letters >= (6 if "%(" in text else 2)


def plain(text: str) -> str:
    """Without typographic spaces, final stops and capitals."""
    return re.sub(r"\s+", " ", re.sub("[\u00a0\u202f]", " ", text)).strip(" .…").lower()


@pytest.fixture(scope="module")
def said() -> list[re.Pattern[str]]:
    return words_of_the_pages()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_what_the_guides_quote_is_on_the_pages(guide: Path, said: list[re.Pattern[str]]) -> None:
    quoted = {found.strip() for found in re.findall(r"«([^»]+)»", guide.read_text(encoding="utf-8"))}
    unknown = [
        label
        for label in sorted(quoted)
        if label.strip() not in SAID_ELSEWHERE
        and not any(text.fullmatch(plain(label.replace("…", "x"))) for text in said)
    ]
    assert unknown == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
