import { HEIGHT, layout, WIDTH } from "./layout.ts";

const circle = Math.PI * 2;

/** Evening sky, sun, hills and trees; only the light on the sun breathes. */
export function drawLandscape(canvas: CanvasRenderingContext2D, phase: number): void {
  const sky = canvas.createLinearGradient(0, 0, 0, layout.waterline);
  sky.addColorStop(0, "#16324f");
  sky.addColorStop(0.42, "#3f6480");
  sky.addColorStop(0.72, "#d3906b");
  sky.addColorStop(1, "#f6c58a");
  canvas.fillStyle = sky;
  canvas.fillRect(0, 0, WIDTH, HEIGHT);

  const glow = canvas.createRadialGradient(250, 330, 10, 250, 330, 230 + 8 * Math.sin(circle * phase));
  glow.addColorStop(0, "rgb(255 240 200 / 0.95)");
  glow.addColorStop(0.16, "rgb(255 226 170 / 0.7)");
  glow.addColorStop(0.2, "rgb(255 210 150 / 0.35)");
  glow.addColorStop(1, "rgb(255 200 140 / 0)");
  canvas.fillStyle = glow;
  canvas.fillRect(0, 0, WIDTH, HEIGHT);

  hill(canvas, "#6d6a7c", 352, 34, 0.0052, 0.4);
  hill(canvas, "#4c5566", 384, 28, 0.0081, 2.1);
  hill(canvas, "#2f4249", 418, 18, 0.0113, 4.2);
  for (const [x, height] of trees) tree(canvas, x, 436, height);
}

const trees: readonly (readonly [number, number])[] = [
  [40, 74],
  [78, 98],
  [122, 66],
  [340, 58],
  [372, 84],
  [410, 62],
];

function hill(canvas: CanvasRenderingContext2D, colour: string, y: number, height: number, frequency: number, shift: number): void {
  canvas.fillStyle = colour;
  canvas.beginPath();
  canvas.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 6) {
    canvas.lineTo(x, y - height * (Math.sin(x * frequency + shift) + 0.35 * Math.sin(x * frequency * 2.7 + shift)));
  }
  canvas.lineTo(WIDTH, HEIGHT);
  canvas.fill();
}

function tree(canvas: CanvasRenderingContext2D, x: number, foot: number, height: number): void {
  canvas.fillStyle = "#1f3236";
  for (let tier = 0; tier < 4; tier++) {
    const top = foot - height + (tier * height) / 5;
    const half = height * (0.1 + 0.055 * tier);
    canvas.beginPath();
    canvas.moveTo(x, top);
    canvas.lineTo(x + half, top + height * 0.36);
    canvas.lineTo(x - half, top + height * 0.36);
    canvas.fill();
  }
}

/** The house behind the wheel, its windows lit from inside. */
export function drawMill(canvas: CanvasRenderingContext2D, phase: number): void {
  canvas.fillStyle = "#54483f";
  canvas.fillRect(640, 300, 300, 160);
  stones(canvas);
  canvas.fillStyle = "#e2cda7";
  canvas.fillRect(650, 176, 280, 126);
  canvas.fillStyle = "#5b3d2a";
  for (const x of [650, 716, 788, 858, 920]) canvas.fillRect(x, 176, 10, 126);
  for (const y of [176, 236, 294]) canvas.fillRect(650, y, 280, 9);

  canvas.fillStyle = "#7a3b2c";
  canvas.beginPath();
  canvas.moveTo(624, 184);
  canvas.lineTo(704, 76);
  canvas.lineTo(880, 76);
  canvas.lineTo(956, 184);
  canvas.fill();
  canvas.fillStyle = "#8d4835";
  for (let row = 0; row < 5; row++) canvas.fillRect(694 - row * 15.5, 92 + row * 20, 198 + row * 30.5, 4);
  canvas.fillStyle = "#4d3a33";
  canvas.fillRect(832, 48, 30, 56);

  const warmth = 0.82 + 0.1 * Math.sin(circle * phase * 2) + 0.06 * Math.sin(circle * phase * 5 + 1);
  for (const [x, y] of [
    [738, 196],
    [808, 196],
    [876, 196],
    [738, 252],
    [876, 252],
    [800, 338],
    [872, 338],
  ] as const) {
    canvas.fillStyle = `rgb(255 ${Math.round(196 + 24 * warmth)} 118 / ${warmth})`;
    canvas.fillRect(x, y, 34, 30);
    canvas.fillStyle = "#4a3325";
    canvas.fillRect(x + 15, y, 4, 30);
    canvas.fillRect(x, y + 13, 34, 4);
  }
}

function stones(canvas: CanvasRenderingContext2D): void {
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const shade = ((row * 37 + column * 61) % 23) - 11;
      canvas.fillStyle = `rgb(${110 + shade} ${98 + shade} ${88 + shade})`;
      const x = 640 + column * 40 - (row % 2) * 20;
      const left = Math.max(641, x + 2);
      canvas.fillRect(left, 303 + row * 19, Math.min(938, x + 38) - left, 15);
    }
  }
}
