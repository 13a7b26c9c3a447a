"""The command that makes a trained model's file of its last checkpoint."""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from project_cache import REPOSITORY, cache_folder, fail, sha256_file

BYTES_MAX = 4_000_000  # what the site may embed
Write = Callable[[dict[str, torch.Tensor], Path], None]


def run_export(about: str, training: str, file_name: str, write_model: Write) -> None:
    """training: the folder in the project's cache; file_name: in demo/models/."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None,
                        help=f"of the training; default: {training}/ in the project's cache")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "demo" / "models" / file_name)
    args = parser.parse_args()
    saved = torch.load((args.folder or cache_folder(training)) / "checkpoint.pt", weights_only=True)
    write_model(saved["model"], args.out)
    n_bytes = args.out.stat().st_size
    if n_bytes > BYTES_MAX:
        fail(f"{args.out} has {n_bytes} bytes, more than {BYTES_MAX}")
    print(f"{args.out}  {n_bytes} bytes  step {saved['step']}  sha256 {sha256_file(args.out)}")
