"""What a person can read in an answer: the words of a page, of a PDF, of a spreadsheet; whatever else, byte by byte."""

from __future__ import annotations

import io
import zipfile

from pypdf import PdfReader
from werkzeug.test import TestResponse


def text_of(answer: TestResponse) -> str:
    body = answer.get_data()
    if body.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return "\n".join(book.read(name).decode(errors="replace") for name in book.namelist())
    return body.decode(errors="replace")
