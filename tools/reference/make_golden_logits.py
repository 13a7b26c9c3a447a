#!/usr/bin/env python3
"""Writes golden logits of the tiny models: tests/golden/<id>/{manifest.json,*.bin}.

The files hold what Hugging Face transformers computes in f32 from exactly the numbers in the GGUF file, as
little-endian f32, one row of logits a length:
  <case>.bin         keys and values as computed
  <case>.kv_f16.bin  keys (behind rope) and values rounded to f16, as an f16 KV cache does
The manifest records, next to each tolerance, the measured spread that it is derived from.
Goldens are regenerated only by this script, in a commit that does nothing else.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, enter_venv, sha256_file, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

LIBRARIES = ("torch", "transformers", "numpy", "gguf")
# The same f32 arithmetic in another order deviates from the exact value about as much as the reference does; SIMD
# exp and sin add a little. Eight times the reference's own deviation allows for that; a real fault is far above
# (the wrong LongRoPE factor set moves these logits by 2 to 11, a million times the deviation).
FACTOR_F32 = 8
# A cache or an activation in int8 rounds the same way in any implementation, but rounding thresholds are hit at
# different places after f32 noise: twice the effect of the rounding itself.
FACTOR_ROUNDED = 2


def max_abs(a, b) -> float:
    return max(float(abs(x - y).max()) for x, y in zip(a.values(), b.values()))


def rms(a, b) -> float:
    import numpy as np
    return float(np.sqrt(np.mean(np.concatenate([(a[k] - b[k]).ravel() ** 2 for k in a]))))


def run_all(spec, weights, tokens, **kind) -> dict:
    from hf_oracle import Arithmetic, Oracle
    arithmetic = Arithmetic(**kind)
    oracles = {rope: Oracle(spec, weights, arithmetic, rope) for rope in {case.rope for case in spec.cases}}
    return {case.name: oracles[case.rope].run(tokens, case) for case in spec.cases}


def check_cache(spec, rows: dict) -> None:
    """The reference's cached path and its whole-text path must agree before either is written."""
    seen = {}
    for case in spec.cases:
        for i, n in enumerate(case.lengths):
            key = (n, case.rope)
            difference = float(abs(rows[case.name][i] - seen.setdefault(key, rows[case.name][i])).max())
            assert difference < 1e-4, f"{spec.id}: {case.name} at length {n} differs by {difference}"


def measure(spec, weights, tokens) -> tuple[dict, dict, dict]:
    """(goldens, goldens with an f16 cache, manifest part)"""
    plain = run_all(spec, weights, tokens)
    check_cache(spec, plain)
    kv_f16 = run_all(spec, weights, tokens, kv="f16")
    exact = run_all(spec, weights, tokens, is_f64=True)
    exact_f16 = run_all(spec, weights, tokens, is_f64=True, kv="f16")
    kv_q8 = run_all(spec, weights, tokens, is_f64=True, kv="q8")
    level_4 = run_all(spec, weights, tokens, is_f64=True, activations="q8", kv="f16")
    spread = {
        "f32": max_abs(plain, exact), "f32_behind_f16_cache": max_abs(kv_f16, exact_f16),
        "f16_cache": max_abs(exact_f16, exact), "q8_cache": max_abs(kv_q8, exact),
        "q8_cache_rms": rms(kv_q8, exact), "level_4": max_abs(level_4, exact), "level_4_rms": rms(level_4, exact),
        "largest_logit": max(float(abs(rows).max()) for rows in exact.values()),
    }
    assert spread["f32"] < 1e-4, f"{spec.id}: transformers disagrees with the formulas: {spread}"
    tolerance = {
        "f32": FACTOR_F32 * spread["f32"],
        "kv_f16": FACTOR_F32 * max(spread["f32"], spread["f32_behind_f16_cache"]),
        "q8_cache": FACTOR_ROUNDED * spread["q8_cache"],
        "level_4": FACTOR_ROUNDED * spread["level_4"],
    }
    notes = {
        "spread": "max |difference| over all rows: f32 = transformers f32 - the same in f64; f32_behind_f16_cache = "
                  "the same with both caches rounded to f16; f16_cache, q8_cache (int8 per 32, d = amax/127) and "
                  "level_4 (inputs of every linear layer int8 per 32, f16 cache) = f64 with the rounding - f64",
        "tolerance": f"max |difference| allowed. f32: {FACTOR_F32} x spread.f32 against <case>.bin. kv_f16: "
                     f"{FACTOR_F32} x the larger of spread.f32 and spread.f32_behind_f16_cache against "
                     f"<case>.kv_f16.bin. q8_cache, level_4: {FACTOR_ROUNDED} x their spread against <case>.bin",
    }
    return plain, kv_f16, {"spread": spread, "tolerance": tolerance, "notes": notes}


def write_rows(folder: Path, name: str, rows) -> dict:
    data = rows.astype("<f4").tobytes()
    (folder / name).write_bytes(data)
    return {"file": name, "shape": list(rows.shape), "sha256": hashlib.sha256(data).hexdigest()}


def write_golden(spec, folder: Path, model: Path, date: str) -> None:
    import numpy as np
    from tiny_specs import VOCAB
    from tiny_weights import make_weights
    folder.mkdir(parents=True, exist_ok=True)
    n_tokens = max(max(case.lengths) for case in spec.cases)
    tokens = np.random.default_rng(spec.seed + 1000).integers(0, VOCAB, n_tokens).tolist()
    plain, kv_f16, measured = measure(spec, make_weights(spec), tokens)
    manifest = {
        "id": spec.id, "about": spec.about,
        "model": f"tests/models/{spec.id}.gguf", "model_sha256": sha256_file(model),
        "provenance": {
            "script": "tools/reference/make_golden_logits.py", "seed": spec.seed, "date": date,
            "reference": "transformers, eager attention", "dtype": "float32",
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "vocab_size": VOCAB, "tokens": tokens, **measured, "cases": [],
    }
    for case in spec.cases:
        manifest["cases"].append({
            "name": case.name, "n_prefill": case.n_prefill, "rope": case.rope, "lengths": list(case.lengths),
            "logits": write_rows(folder, f"{case.name}.bin", plain[case.name]),
            "logits_kv_f16": write_rows(folder, f"{case.name}.kv_f16.bin", kv_f16[case.name]),
        })
    write_json(folder / "manifest.json", manifest)
    spread = {key: f"{value:.2e}" for key, value in measured["spread"].items()}
    print(spec.id, spread)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="id", help="default: all of tools/models/tiny_specs.py")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the manifest")
    args = parser.parse_args()
    from make_tiny_model import write_model
    from tiny_specs import SPECS
    for model_id in args.ids or SPECS:
        if model_id not in SPECS:
            parser.error(f"unknown model {model_id}; expected one of {', '.join(SPECS)}")
        spec = SPECS[model_id]
        model = REPOSITORY / "tests" / "models" / f"{model_id}.gguf"
        model.parent.mkdir(parents=True, exist_ok=True)
        write_model(spec, model)
        write_golden(spec, REPOSITORY / "tests" / "golden" / model_id, model, args.date)


if __name__ == "__main__":
    main()
