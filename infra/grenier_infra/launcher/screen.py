"""What a person sees of the launcher: a progress bar while things start, where to click, and what went wrong.

With `plain` (no terminal, tests, journals) every step is a line of text.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from grenier_infra.launcher import logs
from grenier_infra.launcher.supervisor import Child
from grenier_infra.launcher.welcome import Welcome

LINES_SHOWN = 5
# After this many deaths in a row a process is mentioned only from time to time.
MENTIONED = 3


class Screen:
    def __init__(self, logs_dir: Path, plain: bool) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._logs_dir = logs_dir
        self._plain = plain or not self.console.is_terminal
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._waited_for: list[str] = []

    def say(self, text: str) -> None:
        self.console.print(text)

    def starting(self, names: list[str]) -> None:
        self._waited_for = list(names)
        if self._plain:
            self.say(f"Démarrage de {len(names)} processus…")
            return
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("Démarrage"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=len(names))
        self._progress.start()

    def process(self, kind: str, child: Child, code: int) -> None:
        """Told by the supervisor; also from its probing thread."""
        name = child.process.name
        if kind == "died":
            self._died(child, code)
        elif kind == "ready" and name in self._waited_for:
            self._waited_for.remove(name)
            if self._plain:
                self.say(f"  prêt : {name} ({child.process.role})")
            elif self._progress is not None and self._task is not None:
                self._progress.update(self._task, advance=1, description=f"reste : {', '.join(self._waited_for[:4])}")
        elif kind == "ready" and child.restarts and not self._waited_for:
            self.say(f"{name} est revenu.")

    def started(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def slow(self) -> None:
        """Some processes take unusually long: name them and what they last said."""
        self.say(f"[yellow]Toujours pas prêts : {', '.join(self._waited_for)}.[/]")
        for name in self._waited_for[:3]:
            self._tail(name)

    def where_to_click(self, welcome: Welcome, seconds: float, data: Path) -> None:
        lines = [
            f"[bold]Grenier est prêt[/] ({seconds:.0f} s)",
            "",
            f"{welcome.words} :",
            f"[bold cyan]{welcome.link}[/]",
        ]
        if welcome.code:
            lines.append(f"Code d'installation : [bold]{welcome.code}[/]")
        lines += ["", f"Données et journaux : {data}", "Ctrl-C arrête tout."]
        text = "\n".join(lines)
        if self._plain:
            self.say(text)
        else:
            self.console.print(Panel(text, expand=False, border_style="green"))

    def _died(self, child: Child, code: int) -> None:
        if child.failures > MENTIONED and child.failures % 10:
            return
        how = f"tué par le signal {-code}" if code < 0 else f"sorti avec {code}"
        self.say(f"[red]{child.process.name}[/] ({child.process.role}) : {how}, redémarrage n° {child.restarts}.")
        if code > 0:
            self._tail(child.process.name)

    def _tail(self, name: str) -> None:
        for line in logs.tail(self._logs_dir, name, LINES_SHOWN):
            self.console.print(f"    [dim]{escape(line[:200])}[/]", soft_wrap=True)
        self.say(f"    voir {self._logs_dir / f'{name}.log'}")
