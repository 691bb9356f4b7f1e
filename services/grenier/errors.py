"""The tree of errors that people can meet.

GrenierError            code, status, facts: what travels through RPC and becomes a problem+json or a page
├── Rejected      409   a rule of the domain says no; `code` names the rule, `facts` are its figures
├── NotFound      404   no such thing, or none that this person may see (the two answer the same bytes)
├── Forbidden     403   the person is known, the act is not theirs
├── Invalid       422   the request does not have the right shape: facts["fields"] = {field: [messages]}
└── Unavailable   503   log, broker, database or service away for the moment; facts["retry_after"] seconds

Codes are stable and compared by tests and clients; prose belongs to the gateway's catalogue.
"""

from __future__ import annotations

from typing import Any


class GrenierError(Exception):
    status = 500
    default_code = "internal"

    def __init__(self, code: str = "", **facts: Any) -> None:
        self.code = code or self.default_code
        self.facts = facts
        super().__init__(self.code)

    def __str__(self) -> str:
        known = ", ".join(f"{key}={value!r}" for key, value in sorted(self.facts.items()))
        return f"{self.code} ({known})" if known else self.code


class Rejected(GrenierError):
    status = 409
    default_code = "rejected"


class NotFound(GrenierError):
    status = 404
    default_code = "not-found"


class Forbidden(GrenierError):
    status = 403
    default_code = "forbidden"


class Invalid(GrenierError):
    """`Invalid(fields={"quantity": ["must be positive"]})`."""

    status = 422
    default_code = "invalid"


class Unavailable(GrenierError):
    status = 503
    default_code = "unavailable"

    def __init__(self, code: str = "", retry_after: int = 2, **facts: Any) -> None:
        super().__init__(code, retry_after=retry_after, **facts)


BY_STATUS: dict[int, type[GrenierError]] = {
    kind.status: kind for kind in (Rejected, NotFound, Forbidden, Invalid, Unavailable)
}


def from_wire(code: str, status: int, facts: dict[str, Any]) -> GrenierError:
    """The error that a service answered, as the caller's exception."""
    error = BY_STATUS.get(status, GrenierError)(code)
    error.facts = dict(facts)
    return error
