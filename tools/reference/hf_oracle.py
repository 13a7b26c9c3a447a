"""Hugging Face models (eager attention, CPU) with the tiny models' weights: the reference for logits.

Besides plain f32 an oracle may run in f64 throughout, round keys and values as a KV cache of f16 or int8 does, or
round the inputs of every linear layer to int8 per block of 32.  The differences between these runs are what the
tolerances of the tests are derived from.

transformers 5.23 was read before it was trusted: LongRoPE picks its factors per call by max(position) + 1 (the
versions that always took the long ones are older), the window's rule is j > i - W, and generation drops the cache
at the LongRoPE border.  RMSNorm, softmax and rope angles are f32 there whatever the model's type, hence the f64
replacements below.
"""

import inspect
import math
import types
from dataclasses import dataclass

import numpy as np
import torch
from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM
from transformers.masking_utils import AttentionMaskInterface, eager_mask

from tiny_specs import VOCAB, Case, Spec
from tiny_weights import Matrix, llama3_factors

ATTENTION = "pocketphi_oracle"


@dataclass(frozen=True)
class Arithmetic:
    is_f64: bool = False
    kv: str = "exact"           # exact, f16 or q8
    activations: str = "exact"  # exact or q8

    @property
    def dtype(self) -> torch.dtype:
        return torch.float64 if self.is_f64 else torch.float32


def round_q8(x: torch.Tensor) -> torch.Tensor:
    """int8 per block of 32 of the last dimension, d = amax / 127 as a half float."""
    blocks = x.reshape(*x.shape[:-1], -1, 32)
    d = (blocks.abs().amax(dim=-1, keepdim=True) / 127).to(torch.float16).to(x.dtype)
    q = torch.where(d == 0, 0.0, torch.round(blocks / torch.where(d == 0, 1.0, d))).clamp(-127, 127)
    return (q * d).reshape(x.shape)


def round_kv(x: torch.Tensor, kind: str) -> torch.Tensor:
    if kind == "f16":
        return x.to(torch.float16).to(x.dtype)
    return round_q8(x) if kind == "q8" else x


def attend(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    """transformers' eager attention, with rounded keys (behind rope) and values and a softmax in the model's type."""
    n_groups = query.shape[1] // key.shape[1]
    key = round_kv(key, module.pocketphi_kv).repeat_interleave(n_groups, dim=1)
    value = round_kv(value, module.pocketphi_kv).repeat_interleave(n_groups, dim=1)
    weights = query @ key.transpose(2, 3) * scaling
    if attention_mask is not None:
        weights = weights + attention_mask
    return (weights.softmax(dim=-1) @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, eager_mask)


def hf_config(spec: Spec):
    rope = {"rope_type": "default", "rope_theta": spec.rope_theta}
    if spec.arch == "phi3" and spec.original_max:
        short, long = spec.long_factors()
        rope |= {"rope_type": "longrope", "short_factor": short, "long_factor": long,
                 "original_max_position_embeddings": spec.original_max}
    elif spec.original_max:
        rope |= {"rope_type": "llama3", **spec.llama3_scaling(),
                 "original_max_position_embeddings": spec.original_max}
    shape = dict(
        vocab_size=VOCAB, hidden_size=spec.hidden, intermediate_size=spec.inter, rms_norm_eps=1e-5,
        num_hidden_layers=spec.n_layers, num_attention_heads=spec.n_heads, num_key_value_heads=spec.n_kv_heads,
        max_position_embeddings=spec.max_position, tie_word_embeddings=spec.is_tied, pad_token_id=None,
        attn_implementation=ATTENTION)
    if spec.arch == "llama":
        return LlamaConfig(rope_parameters=rope, **shape)
    rope["partial_rotary_factor"] = spec.partial_rotary
    return Phi3Config(rope_parameters=rope, sliding_window=spec.sliding_window or None,
                      original_max_position_embeddings=spec.original_max or spec.max_position, **shape)


def norm_f64(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def rope_f64(spec: Spec, rope: str):
    """The rotary embedding in f64 from the formulas alone: the second opinion on transformers' f32 one."""
    base = torch.arange(0, spec.rotary_dim, 2, dtype=torch.float64) / spec.rotary_dim
    frequency = spec.rope_theta ** -base
    scale, factors = 1.0, (torch.ones_like(base), torch.ones_like(base))
    if spec.original_max and spec.arch == "phi3":
        ratio = spec.max_position / spec.original_max
        scale = math.sqrt(1 + math.log(ratio) / math.log(spec.original_max))
        factors = tuple(torch.tensor(f, dtype=torch.float64) for f in spec.long_factors())
    elif spec.original_max:
        factors = (torch.from_numpy(llama3_factors(spec)).double(),) * 2

    def forward(_, x, position_ids):
        is_long = rope == "long" or (rope == "auto" and int(position_ids.max()) + 1 > spec.original_max)
        angle = position_ids[..., None].double() * (frequency / factors[int(is_long)])
        angle = torch.cat((angle, angle), dim=-1)
        return angle.cos() * scale, angle.sin() * scale
    return forward


def pin_longrope(rotary, rope: str) -> None:
    """One factor set at every length: the long frequencies are those a long text leaves in the module."""
    length = 1 << 20 if rope == "long" else 1
    rotary(torch.zeros(1), torch.tensor([[length - 1]]))
    rotary.forward = types.MethodType(inspect.unwrap(type(rotary).forward), rotary)


class Oracle:
    def __init__(self, spec: Spec, weights: dict[str, Matrix], arithmetic: Arithmetic, rope: str = "auto") -> None:
        self.spec, self.rope = spec, rope
        model = (Phi3ForCausalLM if spec.arch == "phi3" else LlamaForCausalLM)(hf_config(spec))
        state = {name: torch.from_numpy(np.ascontiguousarray(m.value)) for name, m in weights.items()}
        if spec.is_tied:
            state["lm_head.weight"] = state["model.embed_tokens.weight"]
        model.load_state_dict(state, strict=True)
        self.model = model.to(arithmetic.dtype).eval()
        for module in self.model.modules():
            self._adapt(module, arithmetic)
        rotary = self.model.model.rotary_emb
        if arithmetic.is_f64:
            rotary.forward = types.MethodType(rope_f64(spec, rope), rotary)
        elif rope != "auto":
            pin_longrope(rotary, rope)

    @staticmethod
    def _adapt(module, arithmetic: Arithmetic) -> None:
        name = type(module).__name__
        if name.endswith("Attention"):
            module.pocketphi_kv = arithmetic.kv
        elif name.endswith("RMSNorm") and arithmetic.is_f64:
            module.forward = types.MethodType(norm_f64, module)
        elif name == "Linear" and arithmetic.activations == "q8":
            module.register_forward_pre_hook(lambda _, inputs: (round_q8(inputs[0]),))

    @torch.no_grad()
    def run(self, tokens: list[int], case: Case) -> np.ndarray:
        """(n_lengths, vocabulary)"""
        if case.n_prefill == 0:
            rows = [self.model(torch.tensor([tokens[:n]]), use_cache=False).logits[0, -1] for n in case.lengths]
            return torch.stack(rows).double().numpy()
        return self._run_cached(tokens, case)

    def _run_cached(self, tokens: list[int], case: Case) -> np.ndarray:
        rows, cache, n_cached = {}, None, 0
        for n in range(case.n_prefill, max(case.lengths) + 1):
            # Phi3ForCausalLM.prepare_inputs_for_generation: the cache is dropped at the LongRoPE border
            crosses = self.spec.arch == "phi3" and 0 < n_cached <= self.spec.original_max < n
            if crosses and self.rope == "auto":
                cache, n_cached = None, 0
            position = torch.arange(n_cached, n)[None]
            out = self.model(torch.tensor([tokens[n_cached:n]]), position_ids=position, past_key_values=cache,
                             use_cache=True)
            cache, n_cached = out.past_key_values, n
            rows[n] = out.logits[0, -1]
        return torch.stack([rows[n] for n in case.lengths]).double().numpy()
