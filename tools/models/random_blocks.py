"""Random blocks of quantised weights, fast enough for files of several gigabytes."""

import numpy as np

N_HEADERS = 1 << 16  # pool of random block headers; quants themselves are fresh for every block


class BlockMaker:
    """Random quantised blocks: headers picked from a pool, quants drawn from a bell-shaped table."""

    def __init__(self, seed: int, weight_std: float = 0.02, scale_range: tuple[int, int] = (38, 62)) -> None:
        self.weight_std = weight_std
        self.scale_range = scale_range
        self.rng = np.random.Generator(np.random.SFC64(seed))
        self.nibble_pairs = self._pair_table(mean=7.5, spread=3.3)
        self.nibble_pairs_q4_0 = self._pair_table(mean=8.0, spread=2.6)
        self.headers = {"Q4_0": self._half_scales(self.weight_std / 2.6),
                        "Q4_K": self._k_header(spread=3.3, middle=7.5),
                        "Q5_K": self._k_header(spread=9.2, middle=15.5),
                        "Q6_K": self._q6_k_scales(spread=18.5),
                        "Q8_0": self._half_scales(self.weight_std / 73.6)}

    def _pair_table(self, mean: float, spread: float):
        """65536 random bytes whose two nibbles follow a normal distribution cut to 0..15."""
        draw = np.clip(np.rint(self.rng.normal(mean, spread, (2, 1 << 16))), 0, 15).astype(np.uint8)
        return draw[0] | (draw[1] << 4)

    def _jitter(self, shape):
        return np.exp(self.rng.normal(0.0, 0.15, shape))

    def _half_scales(self, step: float):
        """d of either sign, as in real files (d = extreme / -8)."""
        sign = self.rng.choice([-1.0, 1.0], (N_HEADERS, 1))
        return (sign * step * self._jitter((N_HEADERS, 1))).astype(np.float16).view(np.uint8)

    def _k_header(self, spread: float, middle: float):
        """d, dmin and eight 6-bit scales and mins; min = middle x step keeps the mean weight near 0."""
        scale = self.rng.integers(*self.scale_range, (N_HEADERS, 8), dtype=np.uint8)
        minimum = np.clip(scale + self.rng.integers(-1, 2, (N_HEADERS, 8)), 0, 63).astype(np.uint8)
        d = self.weight_std / spread / 50.0 * self._jitter((N_HEADERS, 1))
        halves = np.concatenate([d, d * middle], axis=1).astype(np.float16).view(np.uint8)
        packed = np.empty((N_HEADERS, 12), np.uint8)
        packed[:, 0:4] = scale[:, 0:4] | ((scale[:, 4:] >> 4) << 6)
        packed[:, 4:8] = minimum[:, 0:4] | ((minimum[:, 4:] >> 4) << 6)
        packed[:, 8:12] = (scale[:, 4:] & 15) | ((minimum[:, 4:] & 15) << 4)
        return np.concatenate([halves, packed], axis=1)

    def _q6_k_scales(self, spread: float):
        """Sixteen int8 scales of either sign, then d; quants are uniform 0..63 (spread 18.5)."""
        magnitude = self.rng.integers(70, 127, (N_HEADERS, 16))
        signed = (magnitude * self.rng.choice([-1, 1], (N_HEADERS, 16))).astype(np.int8)
        d = (self.weight_std / spread / 98.0 * self._jitter((N_HEADERS, 1))).astype(np.float16)
        return np.concatenate([signed.view(np.uint8), d.view(np.uint8)], axis=1)

    def _pairs(self, n_blocks: int, n_bytes: int, table):
        index = self.rng.integers(0, 1 << 16, n_blocks * n_bytes, dtype=np.uint16)
        return np.take(table, index).reshape(n_blocks, n_bytes)

    def _bytes(self, n_blocks: int, n_bytes: int):
        raw = self.rng.bytes(n_blocks * n_bytes)
        return np.frombuffer(raw, np.uint8).reshape(n_blocks, n_bytes)

    def bias(self, n_elements: int):
        """F32 around 0."""
        return self.rng.normal(0.0, self.weight_std, n_elements).astype(np.float32).view(np.uint8)

    def tensor(self, kind: str, n_elements: int):
        """The tensor's bytes as a flat uint8 array."""
        if kind == "F32":
            return self.rng.normal(1.0, 0.05, n_elements).astype(np.float32).view(np.uint8)
        if kind == "F16":
            return self.rng.normal(0.0, self.weight_std, n_elements).astype(np.float16).view(np.uint8)
        block = 32 if kind in ("Q4_0", "Q8_0") else 256
        n = n_elements // block
        header = self.headers[kind][self.rng.integers(0, N_HEADERS, n, dtype=np.uint32)]
        if kind == "Q4_0":
            parts = [header, self._pairs(n, 16, self.nibble_pairs_q4_0)]
        elif kind == "Q8_0":  # uniform int8 (spread 73.6)
            parts = [header, self._bytes(n, 32)]
        elif kind == "Q4_K":
            parts = [header, self._pairs(n, 128, self.nibble_pairs)]
        elif kind == "Q5_K":
            parts = [header, self._bytes(n, 32), self._bytes(n, 128)]
        else:
            parts = [self._bytes(n, 192), header]
        return np.concatenate(parts, axis=1).reshape(-1)
