"""Stream `template-<owner>-<code>-<language>`: a group's or the centre's own version of a text (S1:13, S1:143)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from grenier.decider import Decider
from grenier.language.notify import TemplateChanged
from notify_svc.catalogue import Text

# -- commands ------------------------------------------------------------------------------------------------------


class ChangeTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Subject and body both empty: back to the version above."""

    owner_id: str
    code: str
    language: str
    subject: str
    body: str


# -- decide; the state is the own text, None while there is none ---------------------------------------------------


def decide(own: Text | None, command: ChangeTemplate) -> Sequence[TemplateChanged]:
    wanted = Text(command.subject, command.body) if command.subject or command.body else None
    if wanted == own:
        return []
    return [
        TemplateChanged(
            owner_id=command.owner_id,
            code=command.code,
            language=command.language,
            subject=command.subject,
            body=command.body,
        )
    ]


def evolve(_own: Text | None, event: TemplateChanged) -> Text | None:
    return Text(event.subject, event.body) if event.subject or event.body else None


decider: Decider[Text | None, ChangeTemplate, TemplateChanged] = Decider("template", None, decide, evolve)


def key(owner_id: str, code: str, language: str) -> str:
    return f"{owner_id}-{code}-{language}"
