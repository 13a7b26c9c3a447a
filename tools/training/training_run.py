"""A training that can be stopped and goes on: two workers, a schedule of steps, checkpoints, a log.

The schedule is a number of steps: warm-up, a constant learning rate, and over the last part (`decay_share`) a straight
line to zero.  Until the decay begins, the number may still be changed, by the option or while it runs by a file `steps`
beside the checkpoint: the result is as if it had been so from the beginning.  Ctrl-C or SIGTERM: a checkpoint is
written and the run ends in good order.
"""

import argparse
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import torch

from workers import Workers

N_WORKERS = 2
N_WARMUP = 100
CHECKPOINT_SECONDS = 240
LOG_STEPS = 50


def add_options(parser: argparse.ArgumentParser, steps: int, look_steps: int) -> None:
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3, help="Muon's learning rate")
    parser.add_argument("--adam-rate", type=float, default=2e-3)
    parser.add_argument("--look-steps", type=int, default=look_steps, help="how often to look at held-out answers")
    parser.add_argument("--rank", type=int, default=0, help="of this worker; set by the first one")
    parser.add_argument("--folder", type=Path, default=None, help="default: a folder of its own in the project's cache")


def muon_and_adam(model: torch.nn.Module, args: argparse.Namespace,
                  is_inner: Callable[[str, torch.nn.Parameter], bool],
                  slow: dict[str, float] | None = None) -> list[torch.optim.Optimizer]:
    """Muon for the matrices that are inner ones, AdamW for everything else; slow: names with a share of its rate."""
    slow = slow or {}
    inner = [p for name, p in model.named_parameters() if is_inner(name, p)]
    outer = [p for name, p in model.named_parameters() if not is_inner(name, p) and name not in slow]
    groups = [{"params": outer}, *({"params": [model.get_parameter(name)], "lr": args.adam_rate * share}
                                   for name, share in slow.items())]
    return [torch.optim.Muon(inner, lr=args.rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(groups, lr=args.adam_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]


class TrainingRun:
    """What is particular to a model is in the four methods that raise NotImplementedError."""

    decay_share = 0.5

    def __init__(self, args: argparse.Namespace, make_model: Callable[[], torch.nn.Module]) -> None:
        args.folder.mkdir(parents=True, exist_ok=True)
        self.args = args
        self.workers = Workers(args.rank, N_WORKERS, args.folder)
        torch.manual_seed(args.seed)
        self.path = args.folder / "checkpoint.pt"
        self.model = make_model()
        self.optimizers = self.make_optimizers()
        self.rates = [group["lr"] for group in self.groups()]
        self.step, self.n_seen, self.seconds = 0, 0, 0.0
        self.wants_stop = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, (lambda *_: setattr(self, "wants_stop", True)) if args.rank == 0 else signal.SIG_IGN)
        if self.path.exists():
            self.load()

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        raise NotImplementedError

    def losses(self) -> tuple[torch.Tensor, list[float], int]:
        """Of this worker's next batch: what is minimised, the numbers to log, how many tokens or pictures were seen."""
        raise NotImplementedError

    def describe(self, means: list[float], n_steps: int, seconds: float) -> str:
        """The log's line for the means of the last n_steps steps."""
        raise NotImplementedError

    def look(self) -> dict[str, float]:
        """Shares of right held-out answers, by category."""
        raise NotImplementedError

    def groups(self) -> list[dict]:
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

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

    def share(self) -> float:
        """Of the full learning rate."""
        n_steps = self.args.steps
        return min(1.0, (self.step + 1) / N_WARMUP, (n_steps - self.step) / (n_steps * self.decay_share))

    def set_rates(self) -> None:
        share = self.share()
        for group, rate in zip(self.groups(), self.rates, strict=True):
            group["lr"] = rate * share

    def train_step(self) -> list[float]:
        args = self.args
        self.set_rates()
        loss, numbers, n_seen = self.losses()
        loss.backward()
        wanted_steps = float(args.steps * N_WORKERS if args.rank == 0 else 0)
        sent = [*numbers, float(n_seen), float(self.wants_stop), wanted_steps]
        *means, mean_seen, stops, n_steps = self.workers.average(self.model, sent)
        self.wants_stop, args.steps = stops > 0, round(n_steps)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.n_seen += round(mean_seen * N_WORKERS)
        return means

    def reread_steps(self) -> None:
        path = self.args.folder / "steps"
        if self.args.rank == 0 and path.exists():
            self.args.steps = int(path.read_text(encoding="utf-8"))

    def report(self, rows: list[list[float]], seconds: float) -> None:
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        self.say(self.describe(means, len(rows), seconds))

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
                self.say("  held out: " + " ".join(f"{name} {share:.2f}" for name, share in self.look().items()))
                logged = time.monotonic()
            if now - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()
        self.workers.close()
        self.say(f"stopped at step {self.step} of {args.steps} after {self.seconds:.0f} s")
