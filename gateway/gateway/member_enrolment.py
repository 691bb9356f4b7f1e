"""A list of households that was read: looked over by the service, then enrolled; for the page and the API alike.

The rows go in portions that stay well under the patience of a call. Which rows a portion holds follows from the file alone,
so that repeating a request that broke off finishes what is left and makes nothing twice.
"""

from gateway.calls import ask, tell
from gateway.member_import import Brought
from gateway.member_names import faults
from gateway.spreadsheets import Sheet

CHUNK = 25


def look_over(group_id: str, sheet: Sheet, brought: list[Brought]) -> None:
    """A dry run: adds what the service would refuse to the faults of each row; writes nothing."""
    rows = [each.payload for each in brought]
    told = ask("contracts", "import_households", group_id=group_id, rows=rows, dry_run=True)
    for error in told["errors"]:
        _add(brought[error["row"] - 1], sheet, error["fields"])


def enrol(group_id: str, sheet: Sheet, brought: list[Brought]) -> int:
    """Enrols the rows without a fault, adds its own to the others; how many were enrolled."""
    right = [each for each in brought if not each.faults]
    done = 0
    for start in range(0, len(right), CHUNK):
        portion = right[start : start + CHUNK]
        rows = [each.payload for each in portion]
        answer = tell("contracts", "import_households", group_id=group_id, rows=rows)
        done += len(answer["enrolled"])
        for error in answer["errors"]:
            _add(portion[error["row"] - 1], sheet, error["fields"])
    return done


def _add(row: Brought, sheet: Sheet, fields: dict[str, list[str]]) -> None:
    known = {column for column, _message in row.faults}
    row.faults += [fault for fault in faults(sheet, fields) if fault[0] not in known]
