"""Doors of the templates: the shipped texts, the centre's and the groups' own versions, previews with example data."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime, read
from notify_svc import asks, wording
from notify_svc.catalogue import LANGUAGES, Template, Text, catalogue, unknown_in
from notify_svc.rendering import Reader, render
from notify_svc.views import texts
from notify_svc.wordings import text_for

EXAMPLE_NAME = "Camille"


class TemplateDoors:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.db = runtime.db

    @door
    def change_template(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.ChangeTemplate = read(asks.ChangeTemplate, payload)
        group, role = self._owner(context, ask.owner_id)
        template = _template(ask.code)
        if template.category == "transactional":
            raise Invalid(fields={"code": ["this template is not edited"]})
        subject, body = " ".join(ask.subject.split()), ask.body.strip()
        _check(template, subject, body)
        command = wording.ChangeTemplate(
            owner_id=ask.owner_id, code=ask.code, language=ask.language, subject=subject, body=body
        )
        key = wording.key(ask.owner_id, ask.code, ask.language)
        group_id = group["group_id"] if group else ""
        return self.runtime.tell(wording.decider, key, command, context, role=role, group_id=group_id)

    @door
    def templates(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Every template in every language as this owner's people get it, and where the text comes from."""
        ask: asks.Templates = read(asks.Templates, payload)
        self.runtime.wait(context)
        group, _ = self._owner(context, ask.owner_id)
        host_id = group["host_id"] if group else ask.owner_id
        owners = [("group", group["group_id"])] if group else []
        owners.append(("host", host_id))
        own = texts.own(self.db, [owner_id for _, owner_id in owners])
        items = []
        for template in catalogue().values():
            for language in LANGUAGES:
                origin, text = "file", template.text(language)
                for name, owner_id in reversed(owners):
                    if row := own.get((owner_id, template.code, language)):
                        origin, text = name, Text(row["subject"], row["body"])
                items.append(
                    {
                        "code": template.code,
                        "category": template.category,
                        "language": language,
                        "purpose": template.purpose[language],
                        "subject": text.subject,
                        "body": text.body.strip(),
                        "origin": origin,
                        "placeholders": list(template.known()),
                        "editable": template.category != "transactional",
                    }
                )
        return {"items": items}

    @door
    def preview_template(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.PreviewTemplate = read(asks.PreviewTemplate, payload)
        self.runtime.wait(context)
        group, _ = self._owner(context, ask.owner_id)
        template = _template(ask.code)
        now = self._text(ask.owner_id, template, ask.language, group)
        text = Text(now.subject if ask.subject is None else ask.subject, now.body if ask.body is None else ask.body)
        _check(template, text.subject, text.body)
        reader = Reader(
            language=ask.language,
            time_zone=group["time_zone"] if group else self.runtime.settings.time_zone,
            first_name=EXAMPLE_NAME,
            group=group["name"] if group else "…",
            link=self.runtime.settings.public_url + "/",
        )
        mail = render(template, text, template.example, reader)
        return {"subject": mail.subject, "text": mail.text, "html": mail.html}

    def _text(self, owner_id: str, template: Template, language: str, group: Row | None) -> Text:
        if group:
            return text_for(self.db, self.runtime.access, template, owner_id, language)
        row = texts.own(self.db, [owner_id]).get((owner_id, template.code, language))
        return Text(row["subject"], row["body"]) if row else template.text(language)

    def _owner(self, context: Context, owner_id: str) -> tuple[Row | None, str]:
        """The group (None: a host organisation) that owns a version, and the role that allows working on it."""
        group = self.runtime.access.group(owner_id)
        if group is not None:
            return group, self.runtime.access.require(context, "notify.announce", group_id=owner_id)
        return None, self.runtime.access.require(context, "notify.templates", host_id=owner_id)


def _template(code: str) -> Template:
    found = catalogue().get(code)
    if found is None:
        raise NotFound
    return found


def _check(template: Template, subject: str, body: str) -> None:
    """Both or none; only placeholders that the template has figures for."""
    if bool(subject) != bool(body):
        raise Invalid(fields={"body" if subject else "subject": ["subject and body belong together"]})
    for field, wording_of in (("subject", subject), ("body", body)):
        if unknown := unknown_in(template, wording_of):
            raise Invalid(fields={field: [f"unknown placeholder {{{unknown[0]}}}"]})
