"""The language a person chose, kept beyond the session."""

from sqlalchemy import Engine, delete, insert, select

from gateway.auth_db import preferences


class Languages:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, person_id: str) -> str:
        """fr, en, or empty when the person never chose."""
        query = select(preferences.c.language).where(preferences.c.person_id == person_id)
        with self._engine.connect() as db:
            return str(db.execute(query).scalar_one_or_none() or "")

    def choose(self, person_id: str, language: str) -> None:
        with self._engine.begin() as db:
            db.execute(delete(preferences).where(preferences.c.person_id == person_id))
            db.execute(insert(preferences).values(person_id=person_id, language=language))
