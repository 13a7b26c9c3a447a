"""The keys of a vision part in a GGUF file (docs/VISION.md), and how CLIP normalises pixels. Standard library only."""

from dataclasses import dataclass

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
LAYER_NORM_EPS = 1e-5


@dataclass(frozen=True)
class VisionKeys:
    image_size: int
    patch_size: int
    width: int
    inner: int
    n_layers: int
    n_heads: int
    num_crops: int


def add_vision_keys(writer, keys: VisionKeys) -> None:
    """`writer`: a GGUFWriter."""
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "phi3v")
    for key, value in (("image_size", keys.image_size), ("patch_size", keys.patch_size),
                       ("embedding_length", keys.width), ("feed_forward_length", keys.inner),
                       ("block_count", keys.n_layers), ("attention.head_count", keys.n_heads),
                       ("num_crops", keys.num_crops)):
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", LAYER_NORM_EPS)
    writer.add_array("clip.vision.image_mean", list(IMAGE_MEAN))
    writer.add_array("clip.vision.image_std", list(IMAGE_STD))
