"""The tokenizer of the tiny vision model, and where the picture stands in a conversation."""

from pathlib import Path

from chat_vocabulary import ChatVocabulary

N_ROWS = 640
MODEL_PATH = Path(__file__).resolve().parent / "words.model"
# White space behind special tokens: "all" vanishes (the engine's rule for GGUF files named Phi3), "none" stays
# (Llama's), "vision" vanishes behind <|assistant|> only (tokenizer.json of Phi-3.5-vision).  Training has each.
STRIP_RULES = ("all", "vision", "none")


class Words(ChatVocabulary):
    def __init__(self, path: Path = MODEL_PATH) -> None:
        super().__init__(path, N_ROWS)

    def behind(self, special: str, text: str, strip: str) -> list[int]:
        """The special token and the text behind it."""
        is_stripped = strip == "all" or strip == "vision" and special == "<|assistant|>"
        return [self.special[special], *self.encode(text.lstrip() if is_stripped else text)]

    def before_picture(self, strip: str) -> list[int]:
        return [self.bos, *self.behind("<|user|>", "\n", strip)]

    def after_picture(self, turns: list[tuple[str, str]], strip: str) -> tuple[list[int], list[bool]]:
        """ids of questions and answers, and which of them the assistant has to say (its text and <|end|>)."""
        ids, is_said = [self.bos], [False]
        for i, (question, answer) in enumerate(turns):
            asked = self.encode(f"\n{question}") if i == 0 else self.behind("<|user|>", f"\n{question}", strip)
            asked += self.behind("<|end|>", "\n", strip)
            said = [*self.behind("<|assistant|>", f"\n{answer}", strip), self.end]
            n_lead = len(self.behind("<|assistant|>", "\n", strip))
            ids += asked + said
            is_said += [False] * (len(asked) + n_lead) + [True] * (len(said) - n_lead)
            if i + 1 < len(turns):
                lead = self.behind("<|end|>", "\n", strip)[1:]
                ids += lead
                is_said += [False] * len(lead)
        return ids, is_said

    def without_picture(self, turn: tuple[str, str], strip: str) -> tuple[list[int], list[bool]]:
        question, answer = turn
        asked = [self.bos, *self.behind("<|user|>", f"\n{question}", strip), *self.behind("<|end|>", "\n", strip)]
        said = [*self.behind("<|assistant|>", f"\n{answer}", strip), self.end]
        n_lead = len(self.behind("<|assistant|>", "\n", strip))
        return asked + said, [False] * (len(asked) + n_lead) + [True] * (len(said) - n_lead)
