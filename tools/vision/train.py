#!/usr/bin/env python3
"""Trains the tiny vision model on generated pictures; goes on from its last checkpoint when there is one.

The schedule is a number of steps (--steps): warm-up, a constant learning rate, and over the last part (DECAY_SHARE)
a straight line to zero.  Until the decay begins, the number may still be changed, by the option or while it runs by a
file `steps` beside the checkpoint: the result is as if it had been so from the beginning.  Ctrl-C or SIGTERM: a
checkpoint is written and the run ends in good order.
"""

import argparse
import math
import os
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("models", "training")]
from project_cache import cache_folder, enter_venv  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from glance import glance  # noqa: E402
from network import TinyVision  # noqa: E402
from rows import IGNORED, N_LABELS, training_batch  # noqa: E402
from words import Words  # noqa: E402

from workers import Workers  # noqa: E402

N_PICTURES = 8  # a step of each worker
N_TEXTS = 48
N_WORKERS = 2
N_WARMUP = 100
DECAY_SHARE = 0.5
TEACHER_SHARE = 0.5
NOTHING_WEIGHT = (0.3, 0.05)  # of patches where nothing is, among those covered and those with a middle
CHECKPOINT_SECONDS = 180
LOG_STEPS = 50


def make_optimizers(model: TinyVision, args: argparse.Namespace) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks and of the projector, AdamW for everything else."""
    def is_inner(name: str, p: torch.nn.Parameter) -> bool:
        return p.ndim == 2 and (".layers." in name or ".projection_" in name)
    inner = [p for name, p in model.named_parameters() if is_inner(name, p)]
    outer = [p for name, p in model.named_parameters() if not is_inner(name, p)]
    return [torch.optim.Muon(inner, lr=args.rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(outer, lr=args.adam_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]


def schedule(step: int, n_steps: int) -> float:
    """Share of the full learning rate."""
    return min(1.0, (step + 1) / N_WARMUP, (n_steps - step) / (n_steps * DECAY_SHARE))


def teacher_losses(logits: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    """logits (B, P, sum of N_LABELS), labels (4, B, P) -> a loss for each kind of label."""
    losses = []
    for i, part in enumerate(logits.float().split(N_LABELS, dim=-1)):
        wanted, weight = labels[i].flatten(), torch.ones(N_LABELS[i])
        if i < len(NOTHING_WEIGHT):
            weight[0] = NOTHING_WEIGHT[i]
        if (wanted != IGNORED).any():
            losses.append(F.cross_entropy(part.flatten(0, 1), wanted, weight, ignore_index=IGNORED))
        else:
            losses.append(part.sum() * 0)
    return losses


class Run:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.workers = Workers(args.rank, N_WORKERS, args.folder)
        torch.manual_seed(args.seed)
        self.path = args.folder / "checkpoint.pt"
        self.words = Words()
        self.model = TinyVision(n_labels=sum(N_LABELS))
        self.optimizers = make_optimizers(self.model, args)
        self.rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        self.step, self.seconds = 0, 0.0
        self.wants_stop = False
        if self.path.exists():
            self.load()

    def load(self) -> None:
        saved = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.say(f"going on from step {self.step}")

    def save(self) -> None:
        if self.args.rank > 0:
            return
        state = {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers],
                 "step": self.step, "seconds": self.seconds}
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self.path)

    def say(self, text: str) -> None:
        if self.args.rank > 0:
            return
        print(text, flush=True)
        with open(self.args.folder / "training.log", "a", encoding="utf-8") as stream:
            stream.write(text + "\n")

    def set_rates(self) -> None:
        share = schedule(self.step, self.args.steps)
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate * share

    def losses(self) -> list[torch.Tensor]:
        """Answers about pictures, answers without, and the teacher's four."""
        args = self.args
        pictures, texts = training_batch(self.words, f"{args.seed} {args.rank} {self.step}", N_PICTURES, N_TEXTS)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.model.see(pictures.pixels)
            told = self.model.teacher(features)
            seen = self.model.logits(self.model.read(features, pictures.rows, pictures.n_before), pictures.rows)
            read = self.model.logits(self.model.read(None, texts), texts)
        return [F.cross_entropy(*seen), F.cross_entropy(*read), *teacher_losses(told, pictures.labels)]

    def train_step(self) -> list[float]:
        args = self.args
        self.set_rates()
        losses = self.losses()
        total = losses[0] + 0.5 * losses[1] + TEACHER_SHARE * sum(losses[2:])
        total.backward()
        wanted_steps = float(args.steps * N_WORKERS if args.rank == 0 else 0)
        numbers = [*(float(loss.detach()) for loss in losses), float(self.wants_stop), wanted_steps]
        *means, stops, n_steps = self.workers.average(self.model, numbers)
        self.wants_stop, args.steps = stops > 0, round(n_steps)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return means

    def reread_steps(self) -> None:
        path = self.args.folder / "steps"
        if self.args.rank == 0 and path.exists():
            self.args.steps = int(path.read_text(encoding="utf-8"))

    def report(self, rows: list[list[float]], seconds: float) -> None:
        means = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
        names = ("loss", "text", "cover", "middle", "place", "colour")
        self.say(f"step {self.step} " + " ".join(f"{n} {mean:.4f}" for n, mean in zip(names, means, strict=True))
                 + f" seconds {self.seconds:.0f} rate {len(rows) * N_WORKERS * N_PICTURES / seconds:.1f}/s")

    def train(self) -> None:
        args = self.args
        rows: list[list[float]] = []
        started = saved = logged = time.monotonic()
        before = self.seconds
        while self.step < args.steps and not self.wants_stop:
            rows.append(self.train_step())
            now = time.monotonic()
            self.seconds = before + now - started
            if self.step % LOG_STEPS == 0:
                self.report(rows, now - logged)
                rows, logged = [], now
                self.reread_steps()
            if args.rank == 0 and args.look_steps and self.step % args.look_steps == 0:
                shares = glance(self.model, self.words, 32)
                self.say("  held out: " + " ".join(f"{name} {share:.2f}" for name, share in shares.items()))
                logged = time.monotonic()
            if now - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()
        self.workers.close()
        self.say(f"stopped at step {self.step} of {args.steps} after {self.seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3, help="Muon's learning rate")
    parser.add_argument("--adam-rate", type=float, default=2e-3)
    parser.add_argument("--look-steps", type=int, default=500, help="how often to look at held-out answers")
    parser.add_argument("--rank", type=int, default=0, help="of this worker; set by the first one")
    parser.add_argument("--folder", type=Path, default=None, help="default: vision/ in the project's cache")
    args = parser.parse_args()
    args.folder = args.folder or cache_folder("vision")
    args.folder.mkdir(parents=True, exist_ok=True)
    run = Run(args)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, (lambda *_: setattr(run, "wants_stop", True)) if args.rank == 0 else signal.SIG_IGN)
    n_parameters = sum(p.numel() for name, p in run.model.named_parameters() if not name.startswith("teacher"))
    run.say(f"torch {torch.__version__}, seed {args.seed}, {n_parameters} parameters, "
            f"{args.steps} steps of {N_WORKERS} x {N_PICTURES} pictures")
    run.train()


if __name__ == "__main__":
    main()
