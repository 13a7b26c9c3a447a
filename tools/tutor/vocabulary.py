"""The tutor's tokenizer.

`tokenize.model` would be in the way of Python's own `tokenize`, hence the file's name: vocabulary.model.
"""

from pathlib import Path

from chat_vocabulary import ChatVocabulary

N_ROWS = 1024
MODEL_PATH = Path(__file__).resolve().parent / "vocabulary.model"


class Vocabulary(ChatVocabulary):
    """Text <-> ids.  White space after a special token vanishes, as with Phi-3 of June 2024 and later."""

    def __init__(self, path: Path = MODEL_PATH) -> None:
        super().__init__(path, N_ROWS)

    def encode_turns(self, turns: list[tuple[str, str]]) -> tuple[list[int], list[bool]]:
        """ids of a conversation, and which of them the assistant has to say (its text and <|end|>)."""
        ids: list[int] = []
        is_said: list[bool] = []
        for role, text in turns:
            piece_ids = self.encode(text)
            ids += [self.special[f"<|{role}|>"], *piece_ids, self.end]
            is_said += [False] + [role == "assistant"] * (len(piece_ids) + 1)
        return ids, is_said
