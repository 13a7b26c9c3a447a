"""Where the tools keep what they fetch or generate, and how they find the Python environment.

Everything lives below ${POCKETPHI_CACHE:-${XDG_CACHE_HOME:-~/.cache}/pocketphi}; deleting that folder
undoes all of it.  Standard library only: smollm2.py runs in `npm test` without any environment.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
REPOSITORY = TOOLS.parent


def cache_root() -> Path:
    explicit = os.environ.get("POCKETPHI_CACHE")
    if explicit:
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pocketphi"


def cache_folder(name: str) -> Path:
    folder = cache_root() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256_file(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """Indented, with lists of numbers on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    text = re.sub(r"\[[-\d.,e\s+]*\]", lambda found: " ".join(found.group().split()), text)
    path.write_text(text + "\n", encoding="utf-8")


def fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(1)


def enter_venv(group: str) -> None:
    """Runs the calling script again under the project's environment, making that first if needed.

    `group` is "formats" (numpy, gguf) or "reference" (also torch, transformers, tokenizers ...).
    """
    venv = cache_root() / "venv"
    if Path(sys.prefix).resolve() == venv.resolve() and (venv / f"ready-{group}").exists():
        return
    setup = TOOLS / "reference" / "setup_venv.py"
    subprocess.run([sys.executable, str(setup), "--group", group], check=True, stdout=subprocess.DEVNULL)
    python = str(venv / "bin" / "python")
    os.execv(python, [python, *sys.argv])


def npm_package(name: str, version: str) -> Path:
    """Folder of an unpacked npm package in the cache (`npm pack`: no dependencies, no scripts)."""
    folder = cache_folder("npm") / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if (folder / "package.json").exists():
        return folder
    if shutil.which("npm") is None:
        fail(f"npm is needed to fetch {name}@{version}; install Node 20 or newer")
    print(f"fetching npm package {name}@{version} into {folder}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=cache_folder("npm")) as work:
        done = subprocess.run(
            ["npm", "pack", "--json", f"{name}@{version}"], cwd=work, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"npm pack {name}@{version} failed: {done.stderr.strip().splitlines()[-1:]}")
        archive = Path(work) / json.loads(done.stdout)[0]["filename"].replace("@", "").replace("/", "-")
        with tarfile.open(archive) as tar:
            tar.extractall(work, filter="data")
        shutil.move(str(Path(work) / "package"), folder)
    return folder


def node_json(program: str, *arguments: str) -> object:
    """Runs an ES module given as text under Node and parses the JSON that it prints."""
    done = subprocess.run(["node", "--input-type=module", "-", *arguments], input=program,
                          capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        fail(f"node failed: {done.stderr.strip()}")
    return json.loads(done.stdout)
