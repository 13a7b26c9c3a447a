#!/usr/bin/env python3
"""Second opinion on tests/golden/smollm2: transformers in f32 with the file's dequantised weights.

Says how far llama.cpp itself is from exact arithmetic, and so what the tests may ask of us:
  - positions of its greedy texts where the exact argmax is another token, and llama.cpp's margin there;
  - the exact mean negative log likelihood of paragraphs.txt.
Writes tests/golden/smollm2/exact.json.
"""

import argparse
import datetime
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "models"))
from project_cache import REPOSITORY, TOOLS, enter_venv, write_json  # noqa: E402

if __name__ == "__main__" and not {"-h", "--help"} & set(sys.argv):
    enter_venv("reference")

FOLDER = REPOSITORY / "tests" / "golden" / "smollm2"
MARGIN = 0.25  # of llama.cpp, above which the tests ask for its token
N_FREE = 32     # tokens that a free greedy text must share with it
LAYER_NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def hf_name(name: str) -> str:
    if name.startswith("blk."):
        _, layer, rest = name.split(".", 2)
        return f"model.layers.{layer}.{LAYER_NAMES[rest.removesuffix('.weight')]}.weight"
    return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}[name]


def load_model(path: str):
    import numpy as np
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from transformers import LlamaConfig, LlamaForCausalLM
    reader = GGUFReader(path)

    def field(key):
        return reader.fields[f"llama.{key}"].contents()
    n_heads, n_kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    config = LlamaConfig(
        vocab_size=field("vocab_size"), hidden_size=field("embedding_length"),
        intermediate_size=field("feed_forward_length"), num_hidden_layers=field("block_count"),
        num_attention_heads=n_heads, num_key_value_heads=n_kv_heads, tie_word_embeddings=True,
        max_position_embeddings=field("context_length"), rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": field("rope.freq_base")},
        attn_implementation="eager")
    state = {}
    for tensor in reader.tensors:
        value = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        n = {"attn_q": n_heads, "attn_k": n_kv_heads}.get(tensor.name.split(".")[-2])
        if n:  # back to Hugging Face's row order: pairs (i, i + d/2)
            value = value.reshape(n, value.shape[0] // n // 2, 2, -1).swapaxes(1, 2).reshape(value.shape)
        state[hf_name(tensor.name)] = torch.from_numpy(value)
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model = LlamaForCausalLM(config).eval()
    model.load_state_dict(state, strict=True)
    return model


def judge(model, answer: dict) -> tuple[list[int], list[float]]:
    """(argmax, margin) of the exact model at every position of llama.cpp's answer."""
    import torch
    ids = answer["prompt_ids"] + answer["ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, len(answer["prompt_ids"]) - 1:-1]
    top = logits.topk(2, dim=-1).values
    return logits.argmax(dim=-1).tolist(), [round(float(a - b), 5) for a, b in top]


def choose(model, answers: list[dict]) -> list[str]:
    """Ten questions whose answers are long and not decided by llama.cpp's own rounding.

    Wanted: exact arithmetic takes llama.cpp's token at each of the first 32 positions and, later, wherever
    llama.cpp's margin exceeds 0.25. Ranked by the smallest margin of either in the first 32. Nothing of ours is
    looked at.
    """
    ranked = []
    for answer in answers:
        argmax, margins = judge(model, answer)
        differs = [k for k, (a, b) in enumerate(zip(argmax, answer["ids"])) if a != b]
        is_firm = all(k >= N_FREE and answer["margins"][k] <= MARGIN for k in differs)
        smallest = min(answer["margins"][:N_FREE] + margins[:N_FREE])
        print(f"{len(answer['ids'])} tokens, differs at {differs}, smallest margin {smallest:.3f}: "
              f"{answer['question']}", file=sys.stderr)
        if is_firm and len(answer["ids"]) == 64:
            ranked.append((smallest, answer["question"]))
    return [question for _, question in sorted(ranked, reverse=True)[:10]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="recorded in the file")
    parser.add_argument("--choose", type=Path, metavar="ANSWERS",
                        help="only print the ten questions to use, as JSON, of the answers that "
                             "goldens_smollm2.mjs --answers-only wrote for llama_cpp/candidates.json")
    args = parser.parse_args()
    import torch
    torch.set_num_threads(1)  # OpenMP threads that spin are slow on a busy machine
    script = TOOLS / "models" / "smollm2.py"
    path = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout.strip()
    model = load_model(path)
    if args.choose:
        answers = json.loads(args.choose.read_text(encoding="utf-8"))["answers"]
        print(json.dumps(choose(model, answers), indent=1))
        return
    greedy = json.loads((FOLDER / "greedy.json").read_text(encoding="utf-8"))
    rows, other = [], []
    for i, answer in enumerate(greedy["answers"]):
        argmax, margins = judge(model, answer)
        rows.append({"argmax": argmax, "margins": margins})
        other += [{"answer": i, "position": k, "margin": answer["margins"][k]}
                  for k, (ours, theirs) in enumerate(zip(argmax, answer["ids"])) if ours != theirs]
    ids = json.loads((FOLDER / "perplexity.json").read_text(encoding="utf-8"))["ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1]
    nll = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:])).item()
    largest = max((entry["margin"] for entry in other), default=0.0)
    write_json(FOLDER / "exact.json", {
        "provenance": {"script": "tools/reference/check_smollm2.py", "date": args.date,
                       "reference": "transformers, f32, weights dequantised by gguf, teacher-forced along greedy.json",
                       "libraries": {n: importlib.metadata.version(n) for n in ("torch", "transformers", "gguf")}},
        "mean_nll": nll, "perplexity": float(torch.tensor(nll).exp()),
        "n_other_than_llama_cpp": len(other), "largest_llama_cpp_margin_where_other": largest, "other": other,
        "answers": rows})
    print(f"mean nll {nll:.4f}; argmax differs at {len(other)} positions, llama.cpp's largest margin there {largest}")


if __name__ == "__main__":
    main()
