#!/usr/bin/env python3
"""Writes golden hidden states of two tiny models: tests/golden/<id>/hidden.json and hidden.<pooling>[.kv_f16].bin.

A row is the vector that stands for the first n tokens: transformers' last_hidden_state (behind the final norm) of the
last of them, or the mean of all, in f32 from exactly the numbers in the GGUF file. Spread and tolerances are those of
make_golden_logits.py. Goldens are regenerated only by this script, in a commit that does nothing else.
"""

import argparse
import datetime
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, sha256_file, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

from make_golden_logits import FACTOR_F32, FACTOR_ROUNDED, LIBRARIES, max_abs, write_rows  # noqa: E402

IDS = ("phi3-gqa", "llama-gqa-rope3")
LENGTHS = (1, 2, 9, 33, 48)


def run(spec, weights, tokens, **kind) -> dict:
    """{pooling: (n_lengths, hidden) f64}"""
    import numpy as np
    import torch
    from hf_oracle import Arithmetic, Oracle
    model = Oracle(spec, weights, Arithmetic(**kind)).model.model
    rows = {"last": [], "mean": []}
    with torch.no_grad():
        for n in LENGTHS:
            states = model(torch.tensor([tokens[:n]]), use_cache=False).last_hidden_state[0].double().numpy()
            rows["last"].append(states[-1])
            rows["mean"].append(states.mean(axis=0))
    return {pooling: np.stack(vectors) for pooling, vectors in rows.items()}


def measure(spec, weights, tokens) -> tuple[dict, dict, dict]:
    """(goldens, goldens with an f16 cache, spread and tolerance)"""
    plain, kv_f16 = run(spec, weights, tokens), run(spec, weights, tokens, kv="f16")
    exact = run(spec, weights, tokens, is_f64=True)
    exact_f16 = run(spec, weights, tokens, is_f64=True, kv="f16")
    level_4 = run(spec, weights, tokens, is_f64=True, activations="q8", kv="f16")
    spread = {
        "f32": max_abs(plain, exact), "f32_behind_f16_cache": max_abs(kv_f16, exact_f16),
        "f16_cache": max_abs(exact_f16, exact), "level_4": max_abs(level_4, exact),
        "largest_value": max(float(abs(rows).max()) for rows in exact.values()),
    }
    assert spread["f32"] < 1e-4, f"{spec.id}: transformers disagrees with the formulas: {spread}"
    tolerance = {
        "kv_f16": FACTOR_F32 * max(spread["f32"], spread["f32_behind_f16_cache"]),
        "level_4": FACTOR_ROUNDED * spread["level_4"],
    }
    return plain, kv_f16, {"spread": spread, "tolerance": tolerance}


def write_golden(spec, folder: Path, model: Path, date: str) -> None:
    import numpy as np
    from tiny_specs import VOCAB
    from tiny_weights import make_weights
    tokens = np.random.default_rng(spec.seed + 2000).integers(0, VOCAB, max(LENGTHS)).tolist()
    plain, kv_f16, measured = measure(spec, make_weights(spec), tokens)
    write_json(folder / "hidden.json", {
        "id": spec.id, "model": f"tests/models/{spec.id}.gguf", "model_sha256": sha256_file(model),
        "provenance": {
            "script": "tools/reference/make_golden_hidden.py", "seed": spec.seed, "date": date,
            "reference": "transformers, eager attention, last_hidden_state", "dtype": "float32",
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "tokens": tokens, "lengths": list(LENGTHS), **measured,
        "notes": "spread and tolerance: max |difference| over both poolings, derived as manifest.json says; kv_f16 is "
                 "for accuracy level 1 against <pooling>.kv_f16, level_4 for accuracy level 4 against <pooling>",
        "rows": {pooling: {
            "exact": write_rows(folder, f"hidden.{pooling}.bin", plain[pooling]),
            "kv_f16": write_rows(folder, f"hidden.{pooling}.kv_f16.bin", kv_f16[pooling]),
        } for pooling in plain},
    })
    print(spec.id, {key: f"{value:.2e}" for key, value in measured["spread"].items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the JSON files")
    args = parser.parse_args()
    from tiny_specs import SPECS
    for model_id in IDS:
        model = REPOSITORY / "tests" / "models" / f"{model_id}.gguf"
        write_golden(SPECS[model_id], REPOSITORY / "tests" / "golden" / model_id, model, args.date)


if __name__ == "__main__":
    main()
