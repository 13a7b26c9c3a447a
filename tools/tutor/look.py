"""How much the network has learnt, by category: the share of held-out answers that it would give word for word.

Every answer is determined by its question, so "each next token is the likeliest" is the same as "greedy decoding gives
exactly this answer", and one forward pass tells.
"""

import random

import torch

from batches import make_batch
from generate import MIX, conversation
from model import Tutor
from vocabulary import Vocabulary


@torch.no_grad()
def exact_share(model: Tutor, vocabulary: Vocabulary, category: str, count: int, seed: int = 7) -> float:
    rng = random.Random(f"{seed} {category}")
    encoded = [vocabulary.encode_turns(conversation(rng, True, category)) for _ in range(count)]
    n_right = 0
    for start in range(0, count, 64):
        part = encoded[start:start + 64]
        batch = make_batch(part)
        logits = model.lm_head(model(batch))
        is_wrong = (logits.argmax(-1) != batch.targets) & (batch.targets >= 0)
        n_right += len(part) - len(set(batch.owner[is_wrong].tolist()))
    return n_right / count


def look(model: Tutor, vocabulary: Vocabulary, count: int) -> dict[str, float]:
    return {category: exact_share(model, vocabulary, category, count) for category in MIX}
