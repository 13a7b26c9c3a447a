"""What the exporters of the models trained here write of the text part: keys, vocabulary, tensors."""

from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize

from chat_vocabulary import SPECIAL, TEMPLATE, ChatVocabulary
from llama2_vocab import BYTE, CONTROL, NORMAL, UNKNOWN
from phi3_block import Shape
from quantise import round_q4_0, round_q8_0

ROUND = {GGMLQuantizationType.Q4_0: round_q4_0, GGMLQuantizationType.Q8_0: round_q8_0}


def add_shape(writer: GGUFWriter, shape: Shape) -> None:
    writer.add_license("MIT")
    writer.add_context_length(shape.n_context)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.inter)
    writer.add_block_count(shape.n_layers)
    writer.add_head_count(shape.n_heads)
    writer.add_head_count_kv(shape.n_heads)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_rope_scaling_orig_ctx_len(shape.n_context)
    writer.add_sliding_window(0)


def add_vocabulary(writer: GGUFWriter, vocabulary: ChatVocabulary, adds_bos: bool) -> None:
    spm = vocabulary.spm
    tokens, scores, types = [], [], []
    for i in range(vocabulary.n_pieces):
        tokens.append(spm.id_to_piece(i))
        scores.append(spm.get_score(i))
        types.append(UNKNOWN if spm.is_unknown(i) else CONTROL if spm.is_control(i) else
                     BYTE if spm.is_byte(i) else NORMAL)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*tokens, *SPECIAL])
    writer.add_token_scores([*scores, *[-1e6] * len(SPECIAL)])
    writer.add_token_types([*types, *[CONTROL] * len(SPECIAL)])
    writer.add_bos_token_id(spm.bos_id())
    writer.add_eos_token_id(vocabulary.special["<|endoftext|>"])
    writer.add_eot_token_id(vocabulary.end)
    writer.add_unk_token_id(spm.unk_id())
    writer.add_pad_token_id(vocabulary.special["<|endoftext|>"])
    writer.add_add_bos_token(adds_bos)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def add_plain(writer: GGUFWriter, name: str, weight: torch.Tensor, dtype: type = np.float32) -> None:
    writer.add_tensor(name, weight.float().numpy().astype(dtype))


def add_blocks(writer: GGUFWriter, name: str, weight: torch.Tensor, kind: GGMLQuantizationType) -> None:
    """A matrix in blocks; fails if the file does not hold what quantise.py rounds to."""
    raw = quantize(weight.float().numpy(), kind)
    rounded = ROUND[kind](weight.float()).numpy()
    if not np.array_equal(dequantize(raw, kind).reshape(rounded.shape), rounded):
        raise ValueError(f"{name}: {kind.name} in the file is not what quantise.py rounds to")
    writer.add_tensor(name, raw, raw_dtype=kind)


def open_writer(path: Path, name: str, description: str) -> GGUFWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "phi3")
    writer.add_name(name)
    writer.add_description(description)
    return writer


def close_writer(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
