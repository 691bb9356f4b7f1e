"""`make behaviours`: run the tests that cite lines of the source documents, print what is covered, write the figures.

Exit status: that of the tests; a line without a test is reported, not an error.
"""

import json
import subprocess
import sys

from grenier.testing_behaviours import RESULT


def runs(lines: list[int]) -> str:
    """[11, 12, 13, 18] -> "11-13 18"."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][-1] + 1:
            parts[-1].append(line)
        else:
            parts.append([line])
    return " ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def main() -> int:
    RESULT.unlink(missing_ok=True)
    status = subprocess.run([sys.executable, "-m", "pytest", "-q", "-m", "behaviour", *sys.argv[1:]]).returncode
    if not RESULT.exists():
        sys.stderr.write("no test with a citation ran\n")
        return status or 1
    for document, found in json.loads(RESULT.read_text()).items():
        total = len(found["covered"]) + len(found["missing"])
        sys.stdout.write(f"\n{document}  {len(found['covered'])} of {total} lines covered\n")
        sys.stdout.write(
            f"    covered  {runs(found['covered']) or '-'}\n    missing  {runs(found['missing']) or '-'}\n"
        )
    sys.stdout.write(f"\nwritten to {RESULT}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
