"""`make fuzz`: the API from its own description as every role, forms, isolation, fields, ways in, headers and faults (T32-T37, T40).

    python -m tests.fuzz [--cases 20000] [--role organiser ...] [--seed 1] [--only T32 T34] [--workers 2]
    python -m tests.fuzz keys        write anew which keys each role is answered (tests/fuzz/keys.json)

Each role attacks a month of its own, in one of the worker processes; the same seed sends the same requests. T32 is void
(a miss) when fewer than half of the fitting cases get past 4xx.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context

from tests.fuzz import described, entries, faults, fields, forms, matrix
from tests.fuzz.cast import EATER, ROLES
from tests.fuzz.shares import as_role, lived
from tests.isolation import World, world_of
from tests.proof import Row, report

BUSY = ("central_team", "organiser", "coordinator", "treasurer", EATER)  # who may do most is tried most
STRANGE = ("anonymous", "erased", "nobody")
HALF = 0.5
FORM_BODIES = 150


def t32(arguments: argparse.Namespace) -> Row:
    began, total = time.monotonic(), described.Findings()
    roles = arguments.role or list(ROLES)
    few = arguments.cases // (4 * len(roles))
    shares = dict.fromkeys(roles, few)
    busy = [role for role in roles if role in BUSY] or roles
    for role in busy:
        shares[role] += (arguments.cases - few * len(roles)) // len(busy) + 1
    with get_context("spawn").Pool(arguments.workers, maxtasksperchild=1) as pool:
        order = sorted(roles, key=lambda role: -shares[role])
        started = {role: pool.apply_async(as_role, (role, arguments.seed, shares[role])) for role in order}
        for role, job in started.items():
            found = job.get()
            sys.stdout.write(
                f"{role}: {found.cases} cases, {found.past} past 4xx, {found.refused.total()} made to be refused\n"
            )
            sys.stdout.flush()
            total.add(found)
    return _row32(total, roles, arguments.cases, time.monotonic() - began)


def _row32(total: described.Findings, roles: list[str], wanted: int, seconds: float) -> Row:
    problems = [f"{label} {check}: {told}" for (label, check), told in sorted(total.wrong.items())]
    past = total.past / max(1, total.cases)
    if total.cases < wanted:
        problems.append(f"only {total.cases} of {wanted} cases")
    if past < HALF:
        problems.append(f"void: {past:.0%} of the cases got past 4xx")
    figure = {
        "cases": total.cases, "past 4xx": f"{past:.0%}", "breaking": total.refused.total(), "probes": total.probes,
        "operations": len(total.operations), "roles": len(roles), "5xx": sum(n for s, n in (total.statuses + total.refused).items() if s >= 500),
        "phases": dict(total.phases),
    }  # fmt: skip
    return Row("T32", figure, problems, seconds)


def all_forms(world: World, seed: int) -> Row:
    group, federation = world.lived.groups[0], world.lived.federation
    people = [
        federation.central,
        group.organiser,
        group.treasurer,
        federation.logistician,
        group.households[4].person_id,
        "",
    ]
    drawn = forms.drawn_forms(world, people)
    sent = forms.submit(world, drawn + forms.undrawn(world, drawn, group.organiser), seed, FORM_BODIES)
    return Row(
        "T32", {"forms": len(drawn), "form routes": len(sent.endpoints), "bodies": sent.statuses.total()}, sent.problems
    )


def t33(world: World) -> Row:
    matrix.revoked(world)
    number, routes, problems = 0, set(), []
    for way in (matrix.around, matrix.smuggled, matrix.asked):
        for role in (*STRANGE, *matrix.STRANGERS) if way is matrix.around else matrix.STRANGERS:
            if role in world.strangers:
                tried = way(world, role)
                number, routes = number + tried.number, routes | tried.routes
                problems += [f"{role}: {told}" for told in tried.problems]
    return Row("T33", {"attempts": number, "routes": len(routes), "leaks": len(problems)}, problems)


def t34(world: World) -> Row:
    put, told, private = fields.assigned(world), fields.answered(world), fields.personal(world)
    extra = fields.extra(told)
    figure = {"fields refused": put.number, "bodies": put.routes, "keys": sum(map(len, told.values())), "extra keys": len(extra),
              "looked for personal data": private.number}  # fmt: skip
    return Row("T34", figure, put.problems + extra + private.problems)


def t37(world: World) -> Row:
    seen, forced = faults.headers(world), faults.forced(world)
    figure = {"answers": seen.answers, "routes": len(seen.routes), "forced failures": forced.forced}
    return Row("T37", figure, seen.problems + forced.problems)


ATTACKS: tuple[tuple[str, Callable[[World], Row]], ...] = (
    ("T33", t33), ("T34", t34), ("T35", entries.t35), ("T36", entries.t36), ("T37", t37), ("T40", entries.t40),
)  # fmt: skip


def timed(proof: Callable[[World], Row]) -> Row:
    """Each in a month of its own: what one changes does not disturb the other."""
    world, began = world_of(lived()), time.monotonic()
    row = proof(world)
    return Row(row.test, row.figure, row.problems, time.monotonic() - began)


def main(arguments: argparse.Namespace) -> int:
    if arguments.what == "keys":
        fields.write(fields.answered(world_of(lived())))
        return 0
    rows = []
    if "T32" in arguments.only:
        api, pages = t32(arguments), timed(lambda world: all_forms(world, arguments.seed))
        rows.append(Row("T32", api.figure | pages.figure, api.problems + pages.problems, api.seconds + pages.seconds))
    logging.disable(logging.CRITICAL)
    rows += [timed(proof) for name, proof in ATTACKS if name in arguments.only]
    return report("fuzz", rows)


def options(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("what", nargs="?", choices=["keys"])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--role", action="append", choices=ROLES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=["T32", *(name for name, _ in ATTACKS)])
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(options()))
