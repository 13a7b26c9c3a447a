#!/usr/bin/env python3
"""Makes the Python environment of the tools in the project's cache folder; idempotent.

Group "formats" (numpy, gguf) is enough for the synthetic models; group "reference" adds torch (CPU),
transformers and the tokenizer libraries (about 1.5 GB on disk).  Undo: delete <cache>/venv.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import cache_root  # noqa: E402

GROUPS = {"formats": ("numpy", "gguf"), "reference": None}


def read_requirements() -> list[str]:
    lines = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pip_install(python: Path, requirements: list[str]) -> None:
    print(f"installing {' '.join(requirements)}", file=sys.stderr)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    *requirements], check=True, stdout=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", choices=sorted(GROUPS), default="reference")
    group = parser.parse_args().group

    folder = cache_root() / "venv"
    python = folder / "bin" / "python"
    stamp = folder / f"ready-{group}"
    wanted = read_requirements()
    chosen = GROUPS[group]
    if chosen is not None:
        wanted = [r for r in wanted if r.split("==")[0] in chosen]
    if stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(wanted):
        print(python)
        return
    if not python.exists():
        print(f"making a Python environment in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
    torch = [r for r in wanted if r.startswith("torch==")]
    if torch:
        pip_install(python, torch)
    pip_install(python, [r for r in wanted if r not in torch])
    stamp.write_text("\n".join(wanted), encoding="utf-8")
    print(python)


if __name__ == "__main__":
    main()
