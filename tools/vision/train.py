#!/usr/bin/env python3
"""Trains the tiny vision model on generated pictures; goes on from its last checkpoint when there is one.

The schedule, how it is changed and how a run ends: tools/training/training_run.py.  Three things are learnt at once: to
say of each patch what is there and of each shape how many there are (the teachers, thrown away afterwards), to answer
questions about a picture, and to calculate, from text alone.
"""

import argparse
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import cache_folder, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from glance import glance  # noqa: E402
from network import TinyVision  # noqa: E402
from rows import IGNORED, N_COUNTS, N_LABELS, make_windows, training_batch  # noqa: E402
from training_run import N_WORKERS, TrainingRun, add_options, muon_and_adam  # noqa: E402
from words import Words  # noqa: E402

# Of a step of each worker: whole pictures, which are asked about; pictures seen in windows only; windows of each.
# In the beginning seeing is what has to be learnt, and a window costs an eighth of a picture with its questions.
EARLY_STEPS = 3000
N_EARLY = (2, 16, 2)
N_LATE = (5, 12, 2)
N_TEXTS = 48
TEXT_WEIGHT = 0.5
TEACHER_WEIGHT = 0.5
NOTHING_WEIGHTS = (0.3, 0.05)  # of patches where nothing is, among those covered and those with a middle
# AdamW changes all 588 weights of a filter at once, which adds up on white paper: at the full rate nothing is seen.
SLOW = {"vision.patch_embedding": 0.03}
COUNTS_WEIGHT = 0.25
NUMBERS = ("loss", "text", "counts", "cover", "middle", "place", "colour", "below", "right")


def teacher_losses(logits: torch.Tensor, labels: torch.Tensor, n_classes: tuple[int, ...],
                   nothing_weights: tuple[float, ...] = ()) -> list[torch.Tensor]:
    """logits (P, sum of n_classes), labels (len(n_classes), P) -> a loss for each kind of label."""
    losses = []
    for i, part in enumerate(logits.float().split(n_classes, dim=-1)):
        wanted, weight = labels[i], torch.ones(n_classes[i])
        if i < len(nothing_weights):
            weight[0] = nothing_weights[i]
        if (wanted != IGNORED).any():
            losses.append(F.cross_entropy(part, wanted, weight, ignore_index=IGNORED))
        else:
            losses.append(part.sum() * 0)
    return losses


class VisionRun(TrainingRun):
    def __init__(self, args: argparse.Namespace) -> None:
        self.words = Words()
        super().__init__(args, lambda: TinyVision(n_labels=sum(N_LABELS), n_counts=sum(N_COUNTS)))

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices of the blocks and of the projector, AdamW for everything else."""
        def is_inner(name: str, p: torch.nn.Parameter) -> bool:
            return p.ndim == 2 and (".layers." in name or ".projection_" in name)
        return muon_and_adam(self.model, self.args, is_inner, SLOW)

    def losses(self) -> tuple[torch.Tensor, list[float], int]:
        args = self.args
        n_pictures, n_partly_seen, n_windows = N_EARLY if self.step < EARLY_STEPS else N_LATE
        name = f"{args.seed} {args.rank} {self.step}"
        pictures, texts = training_batch(self.words, name, n_pictures, N_TEXTS)
        labels = pictures.labels.flatten(1)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.model.see(pictures.pixels)
            told = self.model.teacher(features).flatten(0, 1)
            if n_partly_seen:
                windows = make_windows(random.Random(f"windows {name}"), n_partly_seen, n_windows)
                labels = torch.cat((labels, windows.labels.flatten(1)), dim=1)
                told = torch.cat((told, self.model.teacher(self.model.see_windows(windows)).flatten(0, 1)))
            hidden, halfway = self.model.read(features, pictures.rows, pictures.n_before)
            counted = self.model.tell_counts(halfway, pictures.n_before).flatten(0, 1)
            seen = self.model.logits(hidden, pictures.rows)
            read = self.model.logits(self.model.read(None, texts)[0], texts)
        of_counts = teacher_losses(counted, pictures.counts.flatten(1), N_COUNTS)
        of_patches = teacher_losses(told, labels, N_LABELS, NOTHING_WEIGHTS)
        losses = [F.cross_entropy(*seen), F.cross_entropy(*read), sum(of_counts), *of_patches]
        total = losses[0] + TEXT_WEIGHT * losses[1] + COUNTS_WEIGHT * losses[2] + TEACHER_WEIGHT * sum(of_patches)
        return total, [float(loss.detach()) for loss in losses], n_pictures + n_partly_seen

    def describe(self, means: list[float], n_steps: int, seconds: float) -> str:
        numbers = " ".join(f"{name} {mean:.4f}" for name, mean in zip(NUMBERS, means, strict=True))
        return (f"step {self.step} pictures {self.n_seen} {numbers} seconds {self.seconds:.0f} "
                f"steps {n_steps / seconds:.2f}/s")

    def look(self) -> dict[str, float]:
        return glance(self.model, self.words, 32)

    def train(self) -> None:
        self.model.compile_layers()
        super().train()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=11500, look_steps=1000)
    args = parser.parse_args()
    args.folder = args.folder or cache_folder("vision")
    run = VisionRun(args)
    n_parameters = sum(p.numel() for name, p in run.model.named_parameters() if not name.startswith("teacher"))
    run.say(f"torch {torch.__version__}, seed {args.seed}, {n_parameters} parameters, "
            f"{args.steps} steps of {N_WORKERS} workers")
    run.train()


if __name__ == "__main__":
    main()
