"""The commands by which an operator takes care of an installation: restart, backup, restore.

Exit codes: 0 done, 1 refused or not whole (said in words), 3 nothing runs in this data folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from grenier.config import Settings
from grenier.env_file import read_env_file
from grenier_infra.launcher import keeping
from grenier_infra.launcher.restart import NotBack, Restarted, rolling


def restart(names: Sequence[str] = ()) -> int:
    """Restart processes of the running installation one after the other, all of them by default. 1: one did not come back."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))

    def told(one: Restarted) -> None:
        words = " (il a fallu le tuer)" if one.forced else ""
        console.print(f"{one.name} : arrêté en {one.out_s:.1f} s{words}, de retour après {one.back_s:.1f} s")

    try:
        done = rolling(Settings.from_env().data_dir, names, told)
    except FileNotFoundError:
        console.print("Grenier ne tourne pas dans ce dossier de données.")
        return 3
    except KeyError as unknown:
        console.print(f"Aucun processus {unknown} (`grenier status`).")
        return 1
    except NotBack as missing:
        console.print(f"{missing} ne revient pas : voir son journal. Les autres n'ont pas été touchés.")
        return 1
    return 1 if any(one.forced for one in done) else 0


def backup(folder: Path, keys_folder: Path | None = None) -> int:
    """Copy everything that cannot be made again into a new folder, while the installation runs."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))
    try:
        kept = keeping.backup(Settings.from_env(), folder, keys_folder)
    except keeping.NotKept as refused:
        console.print(*refused.problems, sep="\n")
        return 1
    console.print(f"{kept['events']} faits, jusqu'à la position {kept['position']} : {', '.join(kept['files'])}")
    for name in kept["elsewhere"]:
        console.print(f"[yellow]{name} : sur un serveur à part, à sauvegarder par ses propres moyens.[/]")
    return 0


def restore(folder: Path, keys_folder: Path | None = None) -> int:
    """Put a backup into the empty data folder; the next start replays all views."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))
    data_dir = Settings.from_env().data_dir
    try:
        put = keeping.restore(folder, data_dir, keys_folder)
    except keeping.NotKept as refused:
        console.print(*refused.problems, sep="\n")
        return 1
    console.print(f"{put['events']} faits vérifiés et remis dans {data_dir} (sauvegarde du {put['at']}).")
    return 0
