"""What a run says: tables for people, a file for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.plan import TARGETS, Found
from tests.bench.processes import best_canary
from tests.bench.ratios import Block, Sample, Spread, ratio, undisturbed, value

FIGURES = {
    "CPU ms": lambda sample: sample.cpu_ms,
    "per s": lambda sample: sample.per_s,
    "p50 ms": lambda sample: sample.p50_ms,
    "p99 ms": lambda sample: sample.p99_ms,
}


def line(block: Block) -> str:
    """One block while the run goes on."""
    cells = [f"{s.system} {_number(s.cpu_ms)} ms {s.per_s:.0f}/s" for s in block.samples]
    return f"{block.job} × {block.connections}: " + " | ".join(cells) + f" (canary {block.canary:.0f}/s)"


def one(sample: Sample) -> str:
    """A sample alone, by process."""
    parts = [
        f"  {name:40}{1000 * used / max(1, sample.operations):8.2f}"
        for name, used in sorted(sample.parts.items(), key=lambda part: -part[1])
        if used
    ]
    head = f"{sample.job} × {sample.connections}: {sample.operations} operations, {sample.per_s:.0f}/s, "
    head += f"p50 {sample.p50_ms:.1f} ms, p99 {sample.p99_ms:.1f} ms, {sample.cpu_ms:.2f} CPU ms each:"
    return "\n".join([head, *parts])


def text(found: Found) -> str:
    """Every job as measured, where the time went, the verdicts."""
    kept = undisturbed(found.blocks, best_canary())
    lines = [f"{len(kept)} of {len(found.blocks)} blocks count (the others were disturbed)", ""]
    for job, connections in dict.fromkeys((block.job, block.connections) for block in found.blocks):
        lines += _table(job, connections, [b for b in kept if (b.job, b.connections) == (job, connections)])
    for what, parts in found.where.items():
        cells = [f"{name} {share:.2f}" for name, share in parts.items() if share >= 0.005]
        lines += [f"CPU ms, {what}: " + ", ".join(cells)] if cells else []
    lines += ["", *found.notes, ""]
    if found.problems:
        return "\n".join([*lines, "VOID:", *found.problems])
    return "\n".join([*lines, *verdict_lines(found.verdicts)])


def verdict_lines(verdicts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [_verdict(name, verdicts[name]) for name in TARGETS if name in verdicts]


def _verdict(name: str, found: Mapping[str, Any]) -> str:
    state = "goal" if found["goal"] else "pass" if found["pass"] else "MISS"
    told = f"{name:4} {state:5}{TARGETS[name]}: {found['value']} {found['unit']}"
    if found["ratio"] is not None:
        told += f"; {found['ratio']} × {found['against']} {found['spread'] or ''}"
    if found.get("cpu_ratio") is not None:
        told += f", CPU {found['cpu_ratio']} ×"
    return told + "".join(f"; {share} × {limit}" for limit, share in found["limits"].items())


def _table(job: str, connections: int, blocks: Sequence[Block]) -> list[str]:
    """Median [least–greatest] of every figure, and our ratio to each other contestant inside each block."""
    systems = list(dict.fromkeys(sample.system for block in blocks for sample in block.samples))
    rows = [f"{job}, {connections} connection{'s' if connections > 1 else ''}"]
    rows.append(f"  {'':26}" + "".join(f"{name:>28}" for name in FIGURES))
    for system in systems:
        cells = [value(blocks, figure, system) for figure in FIGURES.values()]
        rows.append(f"  {system:26}" + "".join(f"{_cell(cell):>28}" for cell in cells))
    for system in systems:
        if system != "grenier" and "grenier" in systems:
            cells = [ratio(blocks, figure, "grenier", system) for figure in FIGURES.values() if _has(blocks, figure)]
            rows.append(f"  {'ratio to ' + system:26}" + "".join(f"{_cell(cell):>28}" for cell in cells))
    return [*rows, ""]


def _has(blocks: Sequence[Block], figure: Any) -> bool:
    return all(figure(sample) > 0 for block in blocks for sample in block.samples)


def _cell(found: Spread | None) -> str:
    if found is None:
        return "–"
    return f"{_number(found.median)} [{_number(found.least)}–{_number(found.greatest)}]"


def _number(number: float) -> str:
    return f"{number:.0f}" if number >= 1000 else f"{number:.2f}" if number >= 1 else f"{number:.3g}"


def save(path: Path, found: Found, form: str) -> None:
    """Rows of targets that did not run this time stay as they were; each says when and in which form it was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text()) if path.exists() else {}
    kept = undisturbed(found.blocks, best_canary())
    at = datetime.now(UTC).isoformat(timespec="seconds")
    own = {} if found.problems else {name: {**row, "form": form, "at": at} for name, row in found.verdicts.items()}
    rows = {name: row for name, row in before.items() if name in TARGETS and "limits" in row} | own
    document = {
        **{name: rows[name] for name in TARGETS if name in rows},
        "problems": found.problems,
        "notes": found.notes,
        "where": found.where,
        "blocks": [_block(block, block in kept) for block in found.blocks],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _block(block: Block, counts: bool) -> dict[str, Any]:
    head = {"job": block.job, "connections": block.connections, "canary": round(block.canary), "counts": counts}
    return head | {"samples": [_sample(sample) for sample in block.samples]}


def _sample(sample: Sample) -> dict[str, Any]:
    return {**asdict(sample), "parts": {name: round(share, 3) for name, share in sample.parts.items()}}
