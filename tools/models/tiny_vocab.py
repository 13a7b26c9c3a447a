"""Small vocabularies for the tiny random models: 320 rows, of the same two families as the real ones."""

from llama2_vocab import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED
from tiktoken_vocab import byte_characters

N_ROWS = 320

SPM_LETTERS = ["\u2581", *"etaoinsrhldcumfpgwybvkxjqz", ".", ","]
SPM_MERGED = ["\u2581t", "he", "in", "er", "an", "\u2581a", "th", "on", "re", "\u2581th", "\u2581the",
              "nd", "\u2581s", "ou", "ing", "at", "en", "\u2581o", "or", "\u2581and"]
SPM_ADDED = ["<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"]

BPE_MERGES = ["\u0120 t", "h e", "i n", "e r", "a n", "\u0120 a", "r e", "o n", "\u0120t he", "n d", "\u0120 s",
              "o u", "in g", "a t", "e n", "\u0120 o", "o r", "\u0120a nd", "e s", "i s", "i t", "a l",
              "\u010a \u010a", "\u0120 \u0120", "1 2"]
BPE_ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
          "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
PHI3 = ("{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n'}}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}")


def add_spm(writer) -> None:
    """SentencePiece BPE with byte fallback. The later a piece, the lower its score, as in trained models."""
    pieces = SPM_MERGED + SPM_LETTERS
    first_added = 259 + len(pieces)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256)), *pieces, *SPM_ADDED]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * len(pieces), *[CONTROL] * len(SPM_ADDED)]
    scores = [0.0] * 259 + [-float(i) for i in range(len(pieces))] + [-1000.0] * len(SPM_ADDED)
    for i in range(len(tokens), N_ROWS):
        tokens.append(f"[PAD{i}]")
        types.append(UNUSED)
        scores.append(-10000.0)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(first_added)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(first_added)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(PHI3)


def add_bpe(writer) -> None:
    """Byte-level BPE with SmolLM2's pre-tokenizer."""
    merged = [merge.replace(" ", "") for merge in BPE_MERGES]
    tokens = [*BPE_ADDED, *byte_characters(), *merged]
    types = [CONTROL] * len(BPE_ADDED) + [NORMAL] * (256 + len(merged))
    for i in range(len(tokens), N_ROWS):
        tokens.append(f"[PAD{i}]")
        types.append(UNUSED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(BPE_MERGES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)
