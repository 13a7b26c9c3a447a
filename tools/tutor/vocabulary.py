"""The tutor's tokenizer: SentencePiece BPE with byte fallback, and Phi-3's special tokens behind it.

`tokenize.model` would be in the way of Python's own `tokenize`, hence the file's name: vocabulary.model.
"""

from pathlib import Path

N_ROWS = 1024
SPECIAL = ("<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
N_PIECES = N_ROWS - len(SPECIAL)
MODEL_PATH = Path(__file__).resolve().parent / "vocabulary.model"
TEMPLATE = ("{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n'}}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}")


class Vocabulary:
    """Text <-> ids.  White space after a special token vanishes, as with Phi-3 of June 2024 and later."""

    def __init__(self, path: Path = MODEL_PATH) -> None:
        import sentencepiece
        self.spm = sentencepiece.SentencePieceProcessor(model_file=str(path))
        if self.spm.vocab_size() != N_PIECES:
            raise ValueError(f"{path}: expected {N_PIECES} pieces, got {self.spm.vocab_size()}")
        self.special = {name: N_PIECES + i for i, name in enumerate(SPECIAL)}
        self.end = self.special["<|end|>"]

    def encode(self, text: str) -> list[int]:
        """ids of a text between special tokens; the model file leaves the space in front to its user."""
        return self.spm.encode(f" {text}") if text else []

    def encode_turns(self, turns: list[tuple[str, str]]) -> tuple[list[int], list[bool]]:
        """ids of a conversation, and which of them the assistant has to say (its text and <|end|>)."""
        ids: list[int] = []
        is_said: list[bool] = []
        for role, text in turns:
            piece_ids = self.encode(text)
            ids += [self.special[f"<|{role}|>"], *piece_ids, self.end]
            is_said += [False] + [role == "assistant"] * (len(piece_ids) + 1)
        return ids, is_said
