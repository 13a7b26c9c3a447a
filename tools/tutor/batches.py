"""Training batches out of the generator: conversations one after the other, none seeing another.

A batch is a function of its name (seed, worker, step) alone, so a resumed run sees what an uninterrupted one
would have.
"""

import random
from dataclasses import dataclass

import torch

from generate import LAST_MIX, LAST_STEP, LATE_MIX, LATE_STEP, MIX, conversation
from vocabulary import Vocabulary

IGNORED = -100
N_GROUPS = 6
Encoded = tuple[list[int], list[bool]]


@dataclass
class Group:
    """Conversations of about one length, for attention: a rectangle of n_rows by the longest one's tokens."""
    n_rows: int
    places: torch.Tensor  # of the rectangle's cells in the row of tokens; any beyond a conversation's end
    cells: torch.Tensor   # of the conversations' tokens in the rectangle, in their order


@dataclass
class Batch:
    ids: torch.Tensor        # (N)
    positions: torch.Tensor  # (N), from 0 in each conversation
    targets: torch.Tensor    # (N): the next id where the assistant says it, else IGNORED
    owner: torch.Tensor      # (N): number of the conversation, -1 in the padding at the end
    groups: list[Group]


def make_group(start: int, lengths: list[int]) -> Group:
    longest = max(lengths)
    index = torch.zeros((len(lengths), longest), dtype=torch.long)
    is_token = torch.zeros((len(lengths), longest), dtype=torch.bool)
    for row, n in enumerate(lengths):
        index[row, :n] = torch.arange(start, start + n)
        is_token[row, :n] = True
        start += n
    return Group(len(lengths), index.reshape(-1), is_token.reshape(-1).nonzero().squeeze(1))


def make_batch(encoded: list[Encoded], n_tokens: int = 0) -> Batch:
    """Shortest first; padded to n_tokens (one size of matrices is computed faster than many)."""
    encoded = sorted(encoded, key=lambda one: len(one[0]))
    lengths = [len(ids) for ids, _ in encoded]
    n_tokens = max(n_tokens, sum(lengths))
    batch = Batch(torch.zeros(n_tokens, dtype=torch.long), torch.zeros(n_tokens, dtype=torch.long),
                  torch.full((n_tokens,), IGNORED), torch.full((n_tokens,), -1), [])
    at = 0
    for i, (ids, is_said) in enumerate(encoded):
        n = len(ids)
        batch.ids[at:at + n] = torch.tensor(ids)
        batch.positions[at:at + n] = torch.arange(n)
        wanted = [ids[j] if is_said[j] else IGNORED for j in range(1, n)]
        batch.targets[at:at + n - 1] = torch.tensor(wanted, dtype=torch.long)
        batch.owner[at:at + n] = i
        at += n
    size = -(-len(encoded) // N_GROUPS)
    start = 0
    for first in range(0, len(encoded), size):
        part = lengths[first:first + size]
        batch.groups.append(make_group(start, part))
        start += sum(part)
    return batch


def training_batch(vocabulary: Vocabulary, name: str, step: int, n_tokens: int) -> Batch:
    rng = random.Random(f"{name} {step}")
    mix = MIX if step < LATE_STEP else LATE_MIX if step < LAST_STEP else LAST_MIX
    encoded: list[Encoded] = []
    room, n_misses = n_tokens, 0
    while n_misses < 4:
        one = vocabulary.encode_turns(conversation(rng, mix=mix))
        if len(one[0]) <= room:
            encoded.append(one)
            room -= len(one[0])
        else:
            n_misses += 1
    return make_batch(encoded, n_tokens)
