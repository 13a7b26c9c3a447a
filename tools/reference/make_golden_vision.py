#!/usr/bin/env python3
"""Writes goldens of the tiny models that see: tests/models/<id>.gguf, tests/golden/<id>/{vision.json,*.bin}.

Hugging Face's CLIPVisionModel and Phi3ForCausalLM (f32, with exactly the numbers in the GGUF file) around the published
assembly of tiles (hf_vision.py), as little-endian f32:
  features.bin       what stands for each picture among the token embeddings, picture after picture
  <case>[.kv_f16].bin  logits behind texts with pictures; keys and values of the text model as computed, or in f16
Spread and tolerances are those of make_golden_logits.py. Goldens are regenerated only by this script, in a commit that
does nothing else.
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


def run(spec, weights, **kind) -> dict:
    """{"features": (all tokens, width), case: (n_lengths, vocabulary)}, f64"""
    import numpy as np
    from hf_oracle import Arithmetic
    from hf_vision import VisionOracle
    oracle = VisionOracle(spec, weights, Arithmetic(**kind))
    features = [oracle.features(picture) for picture in spec.pictures]
    out = {"features": np.concatenate([f.double().numpy() for f in features])}
    for case in spec.cases:
        out[case.name] = np.stack([oracle.logits(case.parts[:n], features) for n in case.lengths])
    return out


def split(rows: dict) -> tuple[dict, dict]:
    return {"features": rows["features"]}, {name: r for name, r in rows.items() if name != "features"}


def measure(spec, weights) -> tuple[dict, dict, dict]:
    """(goldens, goldens with an f16 cache, spread and tolerance)"""
    plain, kv_f16 = run(spec, weights), run(spec, weights, kv="f16")
    exact, exact_f16 = run(spec, weights, is_f64=True), run(spec, weights, is_f64=True, kv="f16")
    spread, tolerance = {}, {}
    level_4 = None
    if spec.storage == "Q8_0":
        level_4 = run(spec, weights, is_f64=True, activations="q8", kv="f16")
    for at, what in enumerate(("features", "logits")):
        a, b, e, e_f16 = (split(rows)[at] for rows in (plain, kv_f16, exact, exact_f16))
        spread[what] = {"f32": max_abs(a, e), "f32_behind_f16_cache": max_abs(b, e_f16),
                        "f16_cache": max_abs(e_f16, e), "largest": max(float(abs(r).max()) for r in e.values())}
        assert spread[what]["f32"] < 1e-4, f"{spec.id}: f32 disagrees with f64: {spread}"
        tolerance[what] = {"kv_f16": FACTOR_F32 * max(spread[what]["f32"], spread[what]["f32_behind_f16_cache"])}
        if level_4:
            spread[what]["level_4"] = max_abs(split(level_4)[at], e)
            tolerance[what]["level_4"] = FACTOR_ROUNDED * spread[what]["level_4"]
    return plain, kv_f16, {"spread": spread, "tolerance": tolerance}


def write_golden(spec, folder: Path, model: Path, date: str) -> None:
    from tiny_vision import make_vision_weights
    folder.mkdir(parents=True, exist_ok=True)
    plain, kv_f16, measured = measure(spec, make_vision_weights(spec))
    pictures = [{"seed": p.seed, "width": p.n_cols * spec.tile_size, "height": p.n_rows * spec.tile_size,
                 "tokens": spec.n_tokens(p)} for p in spec.pictures]
    write_json(folder / "vision.json", {
        "id": spec.id, "about": spec.about,
        "model": f"tests/models/{spec.id}.gguf", "model_sha256": sha256_file(model),
        "provenance": {
            "script": "tools/reference/make_golden_vision.py", "seed": spec.seed, "date": date,
            "reference": "transformers, CLIPVisionModel and Phi3ForCausalLM, eager attention", "dtype": "float32",
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "pictures": pictures, **measured,
        "notes": "pictures: pixel (x, y), channel c is (x (2 + seed) + y (5 + seed) + 40 c + 11 (x >> 3 ^ y >> 2)) "
                 "mod 256. parts: a token, or -k for picture k; lengths count parts. spread and tolerance: max "
                 "|difference|, derived as in the manifest.json of the other folders; kv_f16 is for accuracy level 1 "
                 "(of the features: f32 against f64), level_4 for level 4 where matrices are quantised",
        "features": write_rows(folder, "features.bin", plain["features"]),
        "cases": [{
            "name": case.name, "parts": list(case.parts), "lengths": list(case.lengths),
            "logits": write_rows(folder, f"{case.name}.bin", plain[case.name]),
            "logits_kv_f16": write_rows(folder, f"{case.name}.kv_f16.bin", kv_f16[case.name]),
        } for case in spec.cases],
    })
    print(spec.id, {what: {k: f"{v:.2e}" for k, v in row.items()} for what, row in measured["spread"].items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="id", help="default: all of tools/models/tiny_vision.py")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the manifest")
    args = parser.parse_args()
    from make_tiny_model import write_model
    from tiny_vision import VISION_SPECS
    for model_id in args.ids or VISION_SPECS:
        if model_id not in VISION_SPECS:
            parser.error(f"unknown model {model_id}; expected one of {', '.join(VISION_SPECS)}")
        spec = VISION_SPECS[model_id]
        model = REPOSITORY / "tests" / "models" / f"{model_id}.gguf"
        write_model(spec.text, model, spec)
        write_golden(spec, REPOSITORY / "tests" / "golden" / model_id, model, args.date)


if __name__ == "__main__":
    main()
