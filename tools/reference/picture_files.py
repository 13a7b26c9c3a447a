"""Small picture files of every kind that the decoder takes, for make_golden_pixels.py.

Pillow writes JPEG, GIF and plain BMP. PNG and the rarer BMP are written here byte by byte, because Pillow does not
write what is to be tested: 16 bits, few bits, interlacing, transparent colours, top row first.
"""

import io
import struct
import zlib

WIDTH, HEIGHT = 27, 18
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG's colour types
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def formula(n_channels: int, levels: int = 256, width: int = WIDTH, height: int = HEIGHT):
    """(height, width, n_channels) integers below `levels`: slopes with wrap-around."""
    import numpy as np
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(n_channels), indexing="ij")
    return (x * (5 + 2 * c) * levels // 128 + y * (9 - c) * levels // 128 + x * y + c * levels // 3) % levels


def smooth(width: int, height: int, n_channels: int = 3):
    """What photographs are like: slopes and waves, some noise."""
    import numpy as np
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(n_channels), indexing="ij")
    waves = 60 * np.sin(x / (7 + c)) + 40 * np.cos((x + 2 * y) / (11 - c)) + 30 * np.sin(y / 5.0)
    noise = np.random.default_rng(5).normal(0, 4, waves.shape)
    return np.clip(128 + waves + noise, 0, 255).astype(np.uint8)


def pack_rows(samples, depth: int) -> bytes:
    """PNG's scanlines, each behind filter type 0."""
    import numpy as np
    lines = []
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            data = row.astype(">u2").tobytes()
        elif depth == 8:
            data = row.astype(np.uint8).tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            data = np.packbits(bits.ravel()).tobytes()
        lines.append(b"\0" + data)
    return b"".join(lines)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples, colour: int, depth: int = 8, interlaced: bool = False, extra=()) -> bytes:
    """`extra`: chunks (name, data) in front of the pixels."""
    height, width = samples.shape[:2]
    parts = [samples]
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
    data = b"".join(pack_rows(part, depth) for part in parts if part.size > 0)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


def png_files():
    import numpy as np
    colours = (formula(3, 256, 16, 16).reshape(256, 3)).astype(np.uint8)
    alphas = bytes((i * 37) & 255 for i in range(16))
    # Every value with every eighth alpha.
    every = np.stack([np.broadcast_to(np.arange(256)[None, :], (33, 256)), np.broadcast_to(
        np.arange(255, -1, -1)[None, :], (33, 256)), np.full((33, 256), 77), np.broadcast_to(
            np.minimum(np.arange(33) * 8, 255)[:, None], (33, 256))], -1)
    yield "grey1.png", png(formula(1, 2), GREY, 1)
    yield "grey2.png", png(formula(1, 4), GREY, 2)
    yield "grey4.png", png(formula(1, 16), GREY, 4)
    yield "grey8.png", png(formula(1), GREY)
    yield "grey16.png", png(formula(1, 65536), GREY, 16)
    yield "grey-alpha.png", png(formula(2), GREY_ALPHA)
    yield "grey-alpha16.png", png(formula(2, 65536), GREY_ALPHA, 16)
    # Of 8 bits: Pillow compares the colour with grey of fewer bits after it has scaled that.
    yield "grey-key.png", png(formula(1), GREY, extra=[(b"tRNS", struct.pack(">H", int(formula(1)[4, 5, 0])))])
    yield "rgb8.png", png(formula(3), RGB)
    yield "rgb16.png", png(formula(3, 65536), RGB, 16)
    key = struct.pack(">HHH", *(int(v) for v in formula(3)[4, 5]))
    yield "rgb-key.png", png(formula(3), RGB, extra=[(b"tRNS", key)])
    yield "rgba8.png", png(every, RGBA)
    yield "rgba16.png", png(formula(4, 65536), RGBA, 16)
    palette = [(b"PLTE", colours.tobytes())]
    yield "palette8.png", png(formula(1), PALETTE, extra=palette)
    short = [(b"PLTE", colours[:16].tobytes()), (b"tRNS", alphas)]
    yield "palette4-alpha.png", png(formula(1, 16), PALETTE, 4, extra=short)
    yield "palette1.png", png(formula(1, 2), PALETTE, 1, extra=[(b"PLTE", colours[:2].tobytes())])
    yield "interlaced.png", png(formula(3), RGB, interlaced=True)
    yield "interlaced-rgba16.png", png(formula(4, 65536), RGBA, 16, interlaced=True)
    yield "interlaced-grey2.png", png(formula(1, 4), GREY, 2, interlaced=True)
    yield "one.png", png(formula(3, 256, 1, 1), RGB)


def bmp(rows: bytes, bits: int, height: int, palette: bytes = b"", masks: bytes = b"") -> bytes:
    """height < 0: the top row comes first. `rows` with their filling."""
    compression = 3 if masks else 0
    offset = 14 + 40 + len(masks) + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(rows), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + header + masks + palette + rows


def bmp_files():
    import numpy as np
    from PIL import Image
    rgb = formula(3).astype(np.uint8)

    def saved(image) -> bytes:
        out = io.BytesIO()
        image.save(out, "BMP")
        return out.getvalue()

    whole = Image.fromarray(rgb)
    yield "rgb24.bmp", saved(whole)
    yield "grey8.bmp", saved(whole.convert("L"))
    yield "palette8.bmp", saved(whole.quantize(64))
    yield "bits1.bmp", saved(whole.convert("1"))
    bgr = np.pad(rgb[..., ::-1].reshape(HEIGHT, -1), ((0, 0), (0, -WIDTH * 3 % 4)))
    yield "top-down.bmp", bmp(bgr.tobytes(), 24, -HEIGHT)
    unused = np.concatenate([rgb[..., ::-1], np.zeros((HEIGHT, WIDTH, 1), np.uint8)], -1)
    yield "rgb32.bmp", bmp(unused[::-1].tobytes(), 32, HEIGHT)
    index = formula(1, 16)[..., 0]
    index = np.pad(index, ((0, 0), (0, -WIDTH % 8)))
    nibbles = (index[:, 0::2] << 4 | index[:, 1::2]).astype(np.uint8)
    colours = np.concatenate([formula(3, 256, 4, 4).reshape(16, 3), np.zeros((16, 1))], -1).astype(np.uint8)
    yield "palette4.bmp", bmp(nibbles[::-1].tobytes(), 4, HEIGHT, colours.tobytes())


def gif_files():
    import numpy as np
    from PIL import Image

    def saved(image, **options) -> bytes:
        out = io.BytesIO()
        image.save(out, "GIF", **options)
        return out.getvalue()

    def paletted(step: int):
        image = Image.fromarray(((formula(1, 16)[..., 0] + step) % 16).astype(np.uint8), "P")
        image.putpalette(formula(3, 256, 16, 16).astype(np.uint8).tobytes())
        return image

    yield "plain.gif", saved(paletted(0), interlace=False)
    yield "interlaced.gif", saved(paletted(0), interlace=True)
    yield "transparent.gif", saved(paletted(0), transparency=5, background=3, interlace=False)
    yield "two-frames.gif", saved(paletted(0), save_all=True, append_images=[paletted(7)], duration=100)


def jpeg_files():
    from PIL import Image

    def saved(image, **options) -> bytes:
        out = io.BytesIO()
        image.save(out, "JPEG", **options)
        return out.getvalue()

    photo = Image.fromarray(smooth(61, 43))
    yield "444.jpg", saved(photo, quality=90, subsampling=0)
    yield "422.jpg", saved(photo, quality=90, subsampling=1)
    yield "420.jpg", saved(photo, quality=90, subsampling=2)
    yield "progressive.jpg", saved(photo, quality=90, progressive=True)
    yield "grey.jpg", saved(photo.convert("L"), quality=90)
    yield "restarts.jpg", saved(photo, quality=90, restart_marker_blocks=2)
    turned = Image.fromarray(smooth(29, 14))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"turned{orientation}.jpg", saved(turned, quality=80, subsampling=0, exif=exif)


def all_files():
    """(name, bytes), every file once."""
    yield from png_files()
    yield from bmp_files()
    yield from gif_files()
    yield from jpeg_files()
