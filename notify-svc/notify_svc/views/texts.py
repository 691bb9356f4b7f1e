"""View `texts`: groups' and the centre's own versions of templates; the nearest one is used."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grenier.language import notify
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
texts = sa.Table(
    "texts_own",
    _meta,
    sa.Column("owner_id", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("language", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case notify.TemplateChanged() as e if e.subject or e.body:
            rows.put(texts, owner_id=e.owner_id, code=e.code, language=e.language, subject=e.subject, body=e.body,
                     at=fact.at, actor=fact.meta.actor)  # fmt: skip
        case notify.TemplateChanged() as e:
            rows.delete(texts, e.owner_id, e.code, e.language)


view = View("texts", (texts,), ("notify.template-changed",), apply)


def own(db: Database, owner_ids: Sequence[str]) -> dict[tuple[str, str, str], Row]:
    """Own versions of these owners by (owner_id, code, language)."""
    found = db.rows(sa.select(texts).where(texts.c.owner_id.in_([owner for owner in owner_ids if owner])))
    return {(row["owner_id"], row["code"], row["language"]): row for row in found}
