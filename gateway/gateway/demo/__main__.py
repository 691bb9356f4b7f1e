"""`python -m gateway.demo URL`: load the demonstration into a fresh installation, with a progress bar."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.demo.client import Api, Http
from gateway.demo.load import load
from gateway.demo.load import steps as number_of_steps


def main(url: str) -> int:
    api = Api(Http(url), seed="demonstration")
    if api.get("/demo")["loaded"]:
        return 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    console = Console(force_terminal=None)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Démonstration", total=number_of_steps())

        def progress(step: str) -> None:
            bar.update(task, advance=1, description=step)
            if not console.is_terminal:
                console.print(f"  {step}")

        load(api, datetime.now(UTC), progress=progress)
        bar.update(task, completed=number_of_steps())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
