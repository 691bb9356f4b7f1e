"""Signs that no font of the documents can show: PDF/UA refuses a document with one of them, so each becomes an empty square.

    shown({"title": "Œufs 🥚"})        {"title": "Œufs □"}

What can be shown is asked of the compiler itself, a word at a time: signs that join or colour others count with them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import typst

EMPTY_SQUARE = "\u25a1"
STANDARD: Literal["ua-1"] = "ua-1"
FONTS = typst.Fonts(include_system_fonts=False)
# A word takes the compiler a millisecond or two: with more of them than this, nothing is asked and every odd sign replaced.
MOST_WORDS = 1000
# All but French and its neighbours, which the bundled fonts have: only words with such signs are looked at.
_ODD = re.compile("[^ \t\n\r\x21-\x7e\xa0-\u024f\u2002-\u200a\u2010-\u2027\u202f-\u203a\u20ac]")
_SPACE = re.compile("([ \t\n\r]+)")
# Joiners, variation selectors, the frame of a key, tags: nothing without the sign they follow.
_JOINING = re.compile("[\u200b-\u200f\u20e3\u2060\ufe00-\ufe0f\U000e0000-\U000e01ef]")
_SOURCE = b'#set document(title: "signs")\n#sys.inputs.text'


def shown(data: Any) -> Any:
    """The same data; in its texts, signs without a glyph are empty squares."""
    odd = {word for text in _texts(data) if _ODD.search(text) for word in _SPACE.split(text) if _ODD.search(word)}
    if not odd or _has_glyphs(" ".join(sorted(odd))):
        return data
    squared = _squared if len(odd) <= MOST_WORDS else _all_squared
    return _with(data, {word: squared(word) for word in odd})


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list | tuple):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _texts(item)


def _with(data: Any, words: dict[str, str]) -> Any:
    if isinstance(data, str):
        return "".join(words.get(word, word) for word in _SPACE.split(data)) if _ODD.search(data) else data
    if isinstance(data, dict):
        return {key: _with(item, words) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_with(item, words) for item in data]
    return data


@lru_cache(maxsize=4096)
def _squared(word: str) -> str:
    if _has_glyphs(word):
        return word
    bare = _JOINING.sub("", word)
    squared = _ODD.sub(lambda sign: sign[0] if _has_glyphs(sign[0]) else EMPTY_SQUARE, bare)
    return squared if _has_glyphs(squared) else _all_squared(word)


def _all_squared(word: str) -> str:
    return _ODD.sub(EMPTY_SQUARE, _JOINING.sub("", word))


def _has_glyphs(text: str) -> bool:
    try:
        compiler = typst.Compiler(_SOURCE, font_paths=FONTS, ignore_system_fonts=True, sys_inputs={"text": text})
        compiler.compile(format="pdf", pdf_standards=[STANDARD], timestamp=0)
    except (typst.TypstError, UnicodeEncodeError):  # the latter of half a pair, which no encoding writes
        return False
    return True
