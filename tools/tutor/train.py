#!/usr/bin/env python3
"""Trains the tutor on generated conversations; goes on from its last checkpoint when there is one.

The schedule, how it is changed and how a run ends: tools/training/training_run.py.  The last quarter computes with the
weights as the int4 file will hold them.
"""

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import cache_folder, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402

from batches import training_batch  # noqa: E402
from look import look  # noqa: E402
from model import Shape, Tutor  # noqa: E402
from training_run import N_WORKERS, TrainingRun, add_options, muon_and_adam  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

N_TOKENS = 3072  # a step of each worker
BOLD_STEPS = range(550, 713)  # the recorded run tried twice Muon's rate here; it was no better
QUANTISED_SHARE = 0.25


class TutorRun(TrainingRun):
    def __init__(self, args: argparse.Namespace) -> None:
        self.vocabulary = Vocabulary()
        super().__init__(args, lambda: Tutor(Shape()))

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices of the blocks, AdamW for embeddings, output and norms."""
        return muon_and_adam(self.model, self.args, lambda name, p: name.startswith("layers.") and p.ndim == 2)

    def set_rates(self) -> None:
        super().set_rates()
        if self.step in BOLD_STEPS:
            self.groups()[0]["lr"] *= 2

    def losses(self) -> tuple[torch.Tensor, list[float], int]:
        args = self.args
        batch = training_batch(self.vocabulary, f"{args.seed} {args.rank}", self.step, N_TOKENS)
        self.model.set_quantised(self.step >= args.steps * (1 - QUANTISED_SHARE))
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.model.loss(batch)
        return loss, [float(loss.detach())], int((batch.owner >= 0).sum())

    def describe(self, means: list[float], n_steps: int, seconds: float) -> str:
        return (f"step {self.step} tokens {self.n_seen} loss {means[0]:.5f} seconds {self.seconds:.0f} "
                f"rate {n_steps * N_WORKERS * N_TOKENS / seconds:.0f}/s")

    def look(self) -> dict[str, float]:
        return look(self.model, self.vocabulary, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=5120, look_steps=500)
    args = parser.parse_args()
    args.folder = args.folder or cache_folder("tutor")
    run = TutorRun(args)
    n_parameters = sum(p.numel() for p in run.model.parameters())
    run.say(f"torch {torch.__version__}, seed {args.seed}, {n_parameters} parameters, "
            f"{args.steps} steps of {N_WORKERS} x {N_TOKENS} tokens")
    run.train()


if __name__ == "__main__":
    main()
