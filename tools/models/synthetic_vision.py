"""The vision part of Phi-3.5-vision for make_synthetic.py: CLIP ViT-L/14-336 less its last layer, the projector."""

from vision_keys import VisionKeys, add_vision_keys

TILE, PATCH, WIDTH, INNER, LAYERS, HEADS, NUM_CROPS = 336, 14, 1024, 4096, 23, 16, 4


def add_vision_metadata(writer) -> None:
    add_vision_keys(writer, VisionKeys(image_size=TILE, patch_size=PATCH, width=WIDTH, inner=INNER, n_layers=LAYERS,
                                       n_heads=HEADS, num_crops=NUM_CROPS))


def list_vision_tensors(kind: str, text_width: int) -> list[tuple[str, tuple[int, ...], str]]:
    """(name, shape with rows first, type), as make_synthetic.list_tensors."""
    matrix = kind.upper()

    def affine(stem: str, n_rows: int, n_cols: int) -> list:
        return [(stem + ".weight", (n_rows, n_cols), matrix), (stem + ".bias", (n_rows,), "F32")]

    def norm(stem: str) -> list:
        return [(stem + ".weight", (WIDTH,), "F32"), (stem + ".bias", (WIDTH,), "F32")]

    out = [("v.class_embd", (WIDTH,), "F32"), ("v.patch_embd.weight", (WIDTH, 3, PATCH, PATCH), "F16"),
           ("v.position_embd.weight", ((TILE // PATCH) ** 2 + 1, WIDTH), "F16"), *norm("v.pre_ln")]
    for i in range(LAYERS):
        at = f"v.blk.{i}."
        out += norm(at + "ln1")
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            out += affine(at + name, WIDTH, WIDTH)
        out += [*norm(at + "ln2"), *affine(at + "ffn_up", INNER, WIDTH), *affine(at + "ffn_down", WIDTH, INNER)]
    return [*out, *affine("mm.0", text_width, 4 * WIDTH), *affine("mm.2", text_width, text_width),
            ("mm.sub_gn", (4 * WIDTH,), "F32"), ("mm.glb_gn", (4 * WIDTH,), "F32")]
