"""The tiny random models: one row per model, and the lengths at which goldens are taken.

A golden row is "the logits of the last token when the text is the first n tokens", which is well defined for
LongRoPE too (Hugging Face picks the factors by the length of the text, for all its tokens).
"""

from dataclasses import dataclass

VOCAB = 320


@dataclass(frozen=True)
class Case:
    name: str
    lengths: tuple[int, ...]
    n_prefill: int = 0     # > 0: that many tokens at once, then one at a time through the cache
    rope: str = "auto"     # "short" or "long" pins a LongRoPE factor set


@dataclass(frozen=True)
class Spec:
    id: str
    arch: str              # GGUF architecture: phi3 or llama
    about: str
    seed: int
    hidden: int
    inter: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    storage: str           # type of every matrix
    cases: tuple[Case, ...]
    is_tied: bool = False
    rope_theta: float = 10000.0
    partial_rotary: float = 1.0
    max_position: int = 512
    original_max: int = 0  # > 0: LongRoPE (phi3) or Llama-3 scaling (llama)
    sliding_window: int = 0
    name: str = ""         # general.name
    vocabulary: str = "spm"

    @property
    def head_dim(self) -> int:
        return self.hidden // self.n_heads

    @property
    def rotary_dim(self) -> int:
        return int(self.head_dim * self.partial_rotary)

    def long_factors(self) -> tuple[list[float], list[float]]:
        """(short, long): shaped like the published ones, rising with the index; exact in f32."""
        n = self.rotary_dim // 2
        short = [1.0 + 0.0625 * i for i in range(n)]
        long = [1.0 + (1.5 * i) ** 1.25 // 0.125 * 0.125 for i in range(n)]
        return short, long

    def llama3_scaling(self) -> dict:
        return {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


PLAIN = (
    Case("whole", (1, 2, 5, 17, 33, 48)),
    Case("incremental", (9, 10, 11, 17, 33, 48), n_prefill=9),
)
LONGROPE = (
    Case("below", (1, 7, 40, 63, 64)),
    Case("above", (65, 66, 80, 100)),
    Case("crossing", (60, 63, 64, 65, 66, 72), n_prefill=60),
    Case("pinned_short", (40, 65, 80), rope="short"),
    Case("pinned_long", (5, 40, 65), rope="long"),
)
WINDOW = (
    Case("whole", (1, 15, 16, 17, 18, 33, 64)),
    Case("incremental", (12, 16, 17, 18, 24, 33, 48), n_prefill=12),
)
QUANT = (Case("whole", (1, 2, 9, 24, 40)), Case("incremental", (6, 7, 8, 24, 40), n_prefill=6))

TINY = [
    Spec("phi3-mha", "phi3", "multi-head attention", 11, 64, 128, 2, 2, 2, "F32", PLAIN, name="Phi3"),
    Spec("phi3-gqa", "phi3", "grouped queries, 3 query heads a kv head", 12, 96, 64, 2, 3, 1, "BF16", PLAIN),
    Spec("phi3-hd96", "phi3", "head dimension 96 as mini has, tied", 13, 192, 64, 1, 2, 2, "F16", PLAIN,
         is_tied=True),
    Spec("phi3-longrope", "phi3", "LongRoPE, both factor sets, border at 64", 14, 64, 128, 2, 2, 2, "F16",
         LONGROPE, original_max=64),
    Spec("phi3-longrope-partial", "phi3", "as Phi-4-mini: partial rotary 0.75, tied, grouped queries, LongRoPE",
         15, 96, 64, 2, 3, 1, "F16", LONGROPE, is_tied=True, partial_rotary=0.75, original_max=64,
         vocabulary="bpe"),
    Spec("phi3-window", "phi3", "sliding window of 16", 16, 64, 128, 3, 2, 2, "F16", WINDOW, is_tied=True,
         sliding_window=16),
    Spec("llama-gqa-rope3", "llama", "grouped queries, Llama-3 rope scaling, tied", 17, 96, 64, 2, 3, 1, "F16",
         PLAIN + (Case("past_original", (63, 64, 65, 100)),), is_tied=True, rope_theta=500000.0,
         original_max=64, vocabulary="bpe"),
    Spec("llama-mha", "llama", "multi-head attention, no rope scaling", 18, 64, 128, 2, 2, 2, "F32", PLAIN),
]

# Legacy types have blocks of 32 and so small models; K types need rows of a multiple of 256.
QUANTS = [
    Spec(f"quant-{kind.lower()}", arch, f"every matrix {kind}", seed, 64, 128, 2, 2, 2, kind, QUANT)
    for kind, arch, seed in (("Q4_0", "phi3", 21), ("Q4_1", "llama", 22), ("Q5_0", "phi3", 23),
                             ("Q5_1", "llama", 24), ("Q8_0", "phi3", 25), ("IQ4_NL", "llama", 26))
] + [
    Spec("quant-q4_k", "phi3", "every matrix Q4_K, tied", 27, 256, 256, 1, 4, 1, "Q4_K", QUANT, is_tied=True),
    Spec("quant-q5_k", "llama", "every matrix Q5_K, tied", 28, 256, 256, 1, 4, 1, "Q5_K", QUANT, is_tied=True),
    Spec("quant-q6_k", "phi3", "every matrix Q6_K, tied", 29, 256, 256, 1, 4, 1, "Q6_K", QUANT, is_tied=True),
]

SPECS = {spec.id: spec for spec in TINY + QUANTS}
