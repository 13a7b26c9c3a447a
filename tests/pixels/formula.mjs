/* The pictures of tools/reference/make_golden_hd_views.py (formula_picture), without committing them. */

/** (height, width, 3) bytes. */
export function formulaPicture(width, height) {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const product = Math.floor((x * y) / 16);
      for (let c = 0; c < 3; c++) rgb[at++] = x * (3 + c) + y * (7 - c) + product + 50 * c;
    }
  }
  return rgb;
}

/** The same as a BMP file, the top row first. */
export function asBmp(rgb, width, height) {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bytes = new Uint8Array(54 + rowBytes * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = 54 + y * rowBytes + x * 3;
      bytes[to] = rgb[from + 2];
      bytes[to + 1] = rgb[from + 1];
      bytes[to + 2] = rgb[from];
    }
  }
  return bytes;
}
