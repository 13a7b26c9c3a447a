#!/usr/bin/env python3
"""Trains the tutor on generated conversations; goes on from its last checkpoint when there is one.

The schedule is a number of steps (--steps): warm-up, a constant learning rate, and over the last part (DECAY_SHARE)
a straight line to zero; the last quarter computes with the weights as the int4 file will hold them.  Until the decay
begins, the number may still be changed, by the option or while it runs by a file `steps` beside the checkpoint: the
result is as if it had been so from the beginning.  Ctrl-C or SIGTERM: a checkpoint is written and the run ends in
good order.
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

from batches import training_batch  # noqa: E402
from look import look  # noqa: E402
from model import Shape, Tutor  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402
from workers import Workers  # noqa: E402

N_TOKENS = 3072  # a step of each worker
N_WORKERS = 2
N_WARMUP = 100
BOLD_STEPS = range(550, 713)  # the recorded run tried twice Muon's rate here; it was no better
DECAY_SHARE = 0.5
QUANTISED_SHARE = 0.25
CHECKPOINT_SECONDS = 240
LOG_STEPS = 50


def make_optimizers(model: Tutor, args: argparse.Namespace) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embeddings, output and norms."""
    inner = [p for name, p in model.named_parameters() if name.startswith("layers.") and p.ndim == 2]
    outer = [p for name, p in model.named_parameters() if not (name.startswith("layers.") and p.ndim == 2)]
    adam = torch.optim.AdamW(outer if args.muon else [*inner, *outer], lr=args.adam_rate, betas=(0.9, 0.98),
                             weight_decay=0.01, fused=True)
    if not args.muon:
        return [adam]
    return [torch.optim.Muon(inner, lr=args.rate, weight_decay=0.05, momentum=0.95,
                             adjust_lr_fn="match_rms_adamw"), adam]


def schedule(step: int, n_steps: int) -> float:
    """Share of the full learning rate."""
    return min(1.0, (step + 1) / N_WARMUP, (n_steps - step) / (n_steps * DECAY_SHARE))


class Run:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.workers = Workers(args.rank, N_WORKERS, args.folder)
        torch.manual_seed(args.seed)
        self.path = args.folder / "checkpoint.pt"
        self.vocabulary = Vocabulary()
        self.model = Tutor(Shape())
        self.optimizers = make_optimizers(self.model, args)
        self.rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        self.step, self.n_seen, self.seconds = 0, 0, 0.0
        self.wants_stop = False
        if self.path.exists():
            self.load()

    def load(self) -> None:
        saved = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.n_seen, self.seconds = saved["step"], saved["n_seen"], saved["seconds"]
        self.say(f"going on from step {self.step}")

    def save(self) -> None:
        if self.args.rank > 0:
            return
        state = {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers],
                 "step": self.step, "n_seen": self.n_seen, "seconds": self.seconds}
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
        for i, (group, rate) in enumerate(zip(groups, self.rates, strict=True)):
            is_bold = self.args.muon and i == 0 and self.step in BOLD_STEPS
            group["lr"] = rate * share * (2 if is_bold else 1)

    def train_step(self) -> float:
        args = self.args
        batch = training_batch(self.vocabulary, f"{args.seed} {args.rank}", self.step, N_TOKENS)
        self.set_rates()
        self.model.set_quantised(self.step >= args.steps * (1 - QUANTISED_SHARE))
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.model.loss(batch)
        loss.backward()
        n_seen = float((batch.owner >= 0).sum())
        wanted_steps = float(args.steps * N_WORKERS if args.rank == 0 else 0)
        numbers = [float(loss.detach()), n_seen, float(self.wants_stop), wanted_steps]
        mean_loss, mean_seen, stops, n_steps = self.workers.average(self.model, numbers)
        self.wants_stop, args.steps = stops > 0, round(n_steps)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.n_seen += round(mean_seen * N_WORKERS)
        return mean_loss

    def reread_steps(self) -> None:
        path = self.args.folder / "steps"
        if self.args.rank == 0 and path.exists():
            self.args.steps = int(path.read_text(encoding="utf-8"))

    def report(self, losses: list[float], seconds: float) -> None:
        mean = math.fsum(losses) / len(losses)
        self.say(f"step {self.step} tokens {self.n_seen} loss {mean:.5f} seconds {self.seconds:.0f} "
                 f"rate {len(losses) * N_WORKERS * N_TOKENS / seconds:.0f}/s")

    def train(self) -> None:
        args = self.args
        losses: list[float] = []
        started = saved = logged = time.monotonic()
        before = self.seconds
        while self.step < args.steps and not self.wants_stop:
            losses.append(self.train_step())
            now = time.monotonic()
            self.seconds = before + now - started
            if self.step % LOG_STEPS == 0:
                self.report(losses, now - logged)
                losses, logged = [], now
                self.reread_steps()
            if args.rank == 0 and args.look_steps and self.step % args.look_steps == 0:
                shares = look(self.model, self.vocabulary, 64)
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
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3, help="Muon's learning rate")
    parser.add_argument("--adam-rate", type=float, default=2e-3)
    parser.add_argument("--no-muon", dest="muon", action="store_false")
    parser.add_argument("--look-steps", type=int, default=500, help="how often to look at held-out answers")
    parser.add_argument("--rank", type=int, default=0, help="of this worker; set by the first one")
    parser.add_argument("--folder", type=Path, default=None, help="default: tutor/ in the project's cache")
    args = parser.parse_args()
    args.folder = args.folder or cache_folder("tutor")
    args.folder.mkdir(parents=True, exist_ok=True)
    run = Run(args)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, (lambda *_: setattr(run, "wants_stop", True)) if args.rank == 0 else signal.SIG_IGN)
    n_parameters = sum(p.numel() for p in run.model.parameters())
    run.say(f"torch {torch.__version__}, seed {args.seed}, {n_parameters} parameters, "
            f"{args.steps} steps of {N_WORKERS} x {N_TOKENS} tokens")
    run.train()


if __name__ == "__main__":
    main()
