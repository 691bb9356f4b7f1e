"""What a run says: a table for people, a file for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.ratios import Block, Sample, Spread, parts_ms, ratio, undisturbed, value

SYSTEMS = ("grenier", "crud", "ping")
FIGURES = {
    "CPU ms": lambda sample: sample.cpu_ms,
    "per s": lambda sample: sample.per_s,
    "p50 ms": lambda sample: sample.p50_ms,
    "p99 ms": lambda sample: sample.p99_ms,
}


def line(block: Block) -> str:
    """One block while the run goes on."""
    cells = [f"{s.system} {s.cpu_ms:.2f} ms {s.per_s:.0f}/s" for s in block.samples]
    return f"{block.job} × {block.connections}: " + " | ".join(cells) + f" (canary {block.canary:.0f}/s)"


def one(sample: Sample) -> str:
    """A sample alone, by process."""
    parts = [f"  {name:40}{1000 * used / max(1, sample.operations):8.2f}"
             for name, used in sorted(sample.parts.items(), key=lambda part: -part[1]) if used]  # fmt: skip
    head = f"{sample.job} × {sample.connections}: {sample.operations} operations, {sample.per_s:.0f}/s, "
    head += f"p50 {sample.p50_ms:.1f} ms, p99 {sample.p99_ms:.1f} ms, {sample.cpu_ms:.2f} CPU ms each:"
    return "\n".join([head, *parts])


def text(
    blocks: Sequence[Block], found: Mapping[str, Mapping[str, Any]], problems: Sequence[str], idle_cpu_per_s: float
) -> str:
    kept = undisturbed(blocks)
    lines = [f"{len(kept)} of {len(blocks)} blocks count (the others were disturbed)", ""]
    for job, connections in dict.fromkeys((block.job, block.connections) for block in blocks):
        chosen = [block for block in kept if (block.job, block.connections) == (job, connections)]
        lines += _table(job, connections, chosen)
    lines += _where([block for block in kept if block.job == "order"], "order")
    lines += _where([block for block in kept if block.job == "balance"], "balance")
    lines += [f"An installation that nobody asks anything uses {1000 * idle_cpu_per_s:.0f} CPU ms a second; "
              "this is part of the figures above.", ""]  # fmt: skip
    if problems:
        return "\n".join([*lines, "VOID:", *problems])
    for name, verdict in found.items():
        state = "goal" if verdict["goal"] else ("pass" if verdict["pass"] else "FAIL")
        lines.append(f"{name}: {state:5} {verdict['value']} {verdict['unit']}, ratio {verdict['ratio']} to the peer's")
    return "\n".join(lines)


def _table(job: str, connections: int, blocks: Sequence[Block]) -> list[str]:
    """Median [least–greatest] of every figure, and its ratio to the peer inside each block."""
    rows = [f"{job}, {connections} connection{'s' if connections > 1 else ''}"]
    rows.append(f"  {'':8}" + "".join(f"{name:>24}" for name in FIGURES))
    for system in SYSTEMS:
        cells = [value(blocks, figure, system) for figure in FIGURES.values()]
        if any(cells):
            rows.append(f"  {system:8}" + "".join(f"{_cell(cell):>24}" for cell in cells))
    rows.append(
        f"  {'ratio':8}"
        + "".join(f"{_cell(ratio(blocks, figure, 'grenier', 'crud')):>24}" for figure in FIGURES.values())
    )
    return [*rows, ""]


def _cell(found: Spread | None) -> str:
    return str(found) if found else "–"


def _where(blocks: Sequence[Block], job: str) -> list[str]:
    lines = [f"Where the time goes: CPU ms per {job}"]
    for system in ("grenier", "crud"):
        parts = [f"{name} {share:.2f}" for name, share in parts_ms(blocks, system).items() if share >= 0.005]
        lines.append(f"  {system:8}" + ", ".join(parts))
    return [*lines, ""]


def save(
    path: Path,
    blocks: Sequence[Block],
    found: Mapping[str, Any],
    problems: Sequence[str],
    idle_cpu_per_s: float,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = undisturbed(blocks)
    document = {
        **found,
        "problems": list(problems),
        "idle_cpu_per_s": round(idle_cpu_per_s, 4),
        "where": {
            job: {system: parts_ms([b for b in kept if b.job == job], system) for system in ("grenier", "crud")}
            for job in ("order", "balance")
        },
        "blocks": [_block(block, block in kept) for block in blocks],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def _block(block: Block, counts: bool) -> dict[str, Any]:
    head = {"job": block.job, "connections": block.connections, "canary": round(block.canary), "counts": counts}
    return head | {"samples": [_sample(sample) for sample in block.samples]}


def _sample(sample: Sample) -> dict[str, Any]:
    return {**asdict(sample), "parts": {name: round(share, 3) for name, share in sample.parts.items()}}
