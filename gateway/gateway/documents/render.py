"""From a template and its data to a tagged PDF (PDF/UA), the same bytes for the same data.

    pdf("contract", data)                 bytes, A4, at the template's own size
    pdf("sign_off", data, size=8.5)       body text in points, in steps of a half
    pictures("contract", data)            pages as PNG, for looking at them
    digest(content)                       SHA-256 in hexadecimal, what people sign

Data travels as JSON in an input of the compiler and is never part of the source, so that no name can be Typst code.
"""

import hashlib
import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import typst

from gateway.documents.signs import FONTS, STANDARD, shown

FOLDER = Path(__file__).parent
SIZE_PT, SMALLEST_PT, LARGEST_PT, STEP_PT = 10.0, 6.0, 16.0, 0.5
# Rows beyond this are refused before anything is laid out: about two hundred pages.
MOST_CELLS = 60_000
# One document at a time: a compiler is not made for threads, and two layouts at once are no faster on two cores.
_ONE = threading.Lock()


class TooLong(ValueError):
    """More than anybody prints; `cells` texts were given."""


def pdf(name: str, data: dict[str, Any], size: float = SIZE_PT) -> bytes:
    made = _compile(name, data, size, format="pdf", pdf_standards=[STANDARD], timestamp=0)
    assert isinstance(made, bytes)
    return made


def pictures(name: str, data: dict[str, Any], size: float = SIZE_PT, ppi: float = 80) -> list[bytes]:
    made = _compile(name, data, size, format="png", ppi=ppi)
    return made if isinstance(made, list) else [made]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def size_of(text: str | None) -> float:
    """The asked size of the text as a number of points in steps of a half, within what can be read and printed."""
    try:
        asked = float((text or "").replace(",", "."))
    except ValueError:
        return SIZE_PT
    if not SMALLEST_PT <= asked <= LARGEST_PT:  # also when it is no number
        return SIZE_PT
    return round(asked / STEP_PT) * STEP_PT


def dated(day: date) -> list[int]:
    """A day as the templates pass it on to the document's own description."""
    return [day.year, day.month, day.day]


def _compile(name: str, data: dict[str, Any], size: float, **options: Any) -> Any:
    if (cells := _count(data)) > MOST_CELLS:
        raise TooLong(cells)
    with _ONE:
        inputs = {"data": json.dumps(shown(data), ensure_ascii=False, sort_keys=True), "size": str(size)}
        compiler = typst.Compiler(
            FOLDER / f"{name}.typ", root=FOLDER, font_paths=FONTS, ignore_system_fonts=True, sys_inputs=inputs
        )
        return compiler.compile(**options)


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_count, value))
    return 1
