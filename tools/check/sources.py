"""What the checks share: where the sources are, and which exceptions docs/decisions/ grants."""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXCEPTIONS = Path(__file__).resolve().parent / "exceptions.txt"
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "build", "dist", "golden", "corpora"}


def relative(path: Path) -> str:
    text = str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)
    return text.replace("\\", "/")


def files_below(folders: list[str], suffixes: tuple[str, ...]) -> list[Path]:
    found = []
    for folder in folders:
        for file in sorted((REPOSITORY / folder).rglob("*")):
            inside = file.relative_to(REPOSITORY).parts
            if file.is_file() and file.name.endswith(suffixes) and not SKIPPED_FOLDERS.intersection(inside):
                found.append(file)
    return found


@cache
def exceptions() -> list[tuple[str, str]]:
    """(kind, pattern) of the lines of exceptions.txt; the decision that a line names must exist."""
    granted = []
    for number, line in enumerate(EXCEPTIONS.read_text().splitlines(), 1):
        rule, _, decision = line.partition("#")
        words = rule.split(maxsplit=1)
        if not words:
            continue
        if not (REPOSITORY / decision.strip()).is_file():
            raise SystemExit(f"{relative(EXCEPTIONS)}:{number}: no decision file {decision.strip()!r}")
        granted.append((words[0], words[1].strip()))
    return granted


def is_granted(kind: str, what: str) -> bool:
    return any(kind == granted and fnmatchcase(what, pattern) for granted, pattern in exceptions())
