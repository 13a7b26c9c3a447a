"""The tokenizer of the models trained here: SentencePiece BPE with byte fallback, Phi-3's special tokens behind it."""

from pathlib import Path

SPECIAL = ("<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
TEMPLATE = ("{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n'}}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}")


class ChatVocabulary:
    """Text <-> ids."""

    def __init__(self, path: Path, n_rows: int) -> None:
        import sentencepiece
        self.n_pieces = n_rows - len(SPECIAL)
        self.spm = sentencepiece.SentencePieceProcessor(model_file=str(path))
        if self.spm.vocab_size() != self.n_pieces:
            raise ValueError(f"{path}: expected {self.n_pieces} pieces, got {self.spm.vocab_size()}")
        self.special = {name: self.n_pieces + i for i, name in enumerate(SPECIAL)}
        self.bos = self.spm.bos_id()
        self.end = self.special["<|end|>"]

    def encode(self, text: str) -> list[int]:
        """ids of a text between special tokens; the model file leaves the space in front to its user."""
        return self.spm.encode(f" {text}") if text else []


def train_pieces(sentences: list[str], n_rows: int, signs: str) -> bytes:
    """A SentencePiece model that knows every letter, ASCII sign and `signs`.  The same text gives the same file."""
    import io
    import string

    import sentencepiece
    model = io.BytesIO()  # a file's name would be recorded in it
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model,
        model_type="bpe", vocab_size=n_rows - len(SPECIAL), byte_fallback=True, split_digits=True,
        character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=False, num_threads=1, minloglevel=1,
        required_chars=string.ascii_letters + string.punctuation + signs, shuffle_input_sentence=False)
    return model.getvalue()
