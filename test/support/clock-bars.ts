/** A clock burned into pictures: 24 bits of milliseconds and 8 of a checksum, as black and white blocks. */

/** Blocks in one row; there are two rows. */
const columns = 16;
/** Side of a block in pixels: large enough to survive any compression worth watching. */
const block = 40;

/** Pixels of the top of the picture that the clock takes. */
export const bars = { width: columns * block, height: 2 * block } as const;

/** Milliseconds after which the clock begins again. */
export const barsWrap = 1 << 24;

/** Paints a clock on the luma plane of a picture `bars.width` wide. */
export function drawBars(luma: Uint8Array, milliseconds: number): void {
  const word = withChecksum(milliseconds % barsWrap);
  for (let bit = 0; bit < 2 * columns; bit++) {
    const shade = (word >>> (31 - bit)) & 1 ? 235 : 16;
    const left = (bit % columns) * block;
    const top = Math.floor(bit / columns) * block;
    for (let y = top; y < top + block; y++) luma.fill(shade, y * bars.width + left, y * bars.width + left + block);
  }
}

function withChecksum(value: number): number {
  return ((value << 8) | ((value ^ (value >>> 8) ^ (value >>> 16) ^ 0x5a) & 0xff)) >>> 0;
}

/**
 * The same for a page: an expression that makes a function which reads the clock off a video element, -1 where there is
 * none. It scales each block to 4 pixels and looks at the inner ones.
 */
export const barsReader = `(() => {
  const canvas = document.createElement("canvas");
  canvas.width = ${columns * 4};
  canvas.height = 8;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    context.drawImage(video, 0, 0, ${bars.width}, ${bars.height}, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let word = 0;
    for (let bit = 0; bit < ${2 * columns}; bit++) {
      const x = (bit % ${columns}) * 4, y = Math.floor(bit / ${columns}) * 4;
      let sum = 0;
      for (const dy of [1, 2]) for (const dx of [1, 2]) sum += data[((y + dy) * canvas.width + x + dx) * 4];
      word = ((word << 1) | (sum > 512 ? 1 : 0)) >>> 0;
    }
    const value = word >>> 8;
    return ((value ^ (value >>> 8) ^ (value >>> 16) ^ 0x5a) & 0xff) === (word & 0xff) ? value : -1;
  };
})()`;
