import { HEIGHT, layout, LOOP_SECONDS, WIDTH } from "./layout.ts";

const circle = Math.PI * 2;

/** How bright the light of one beat is: 1 when its second begins, fading within that second. */
export function ringAt(phase: number, beat: number): number {
  const since = (((phase * LOOP_SECONDS - beat) % LOOP_SECONDS) + LOOP_SECONDS) % LOOP_SECONDS;
  return since < 1 ? (1 - since) ** 2 : 0;
}

/** The wooden trough with its water, and the fall from its end onto the wheel. */
export function drawFlume(canvas: CanvasRenderingContext2D, phase: number): void {
  const { y, end } = layout.flume;
  canvas.fillStyle = "#3a2a20";
  for (const x of [40, 190, 340, 490]) canvas.fillRect(x, y, 12, layout.waterline - y);
  canvas.fillStyle = "#7fb4c4";
  canvas.fillRect(0, y - 16, end + 4, 14);
  canvas.fillStyle = "rgb(235 248 250 / 0.75)";
  // Glints one step apart move a whole number of steps in a loop.
  const step = 76;
  const shift = (phase * LOOP_SECONDS * step) % step;
  for (let x = -step * 2 + shift; x < end - 8; x += step) {
    for (const [dx, dy, width] of [
      [0, 2, 30],
      [34, 6, 18],
      [12, 10, 24],
    ] as const) {
      const left = Math.max(0, x + dx);
      const right = Math.min(end, x + dx + width);
      if (right > left) canvas.fillRect(left, y - 16 + dy, right - left, 2);
    }
  }
  canvas.fillStyle = "#5f4029";
  canvas.fillRect(0, y - 8, end, 14);
  canvas.fillStyle = "#7d5738";
  canvas.fillRect(0, y - 8, end, 3);
  drawFall(canvas, phase);
}

function drawFall(canvas: CanvasRenderingContext2D, phase: number): void {
  const { y, end } = layout.flume;
  canvas.lineCap = "round";
  for (let strand = 0; strand < 8; strand++) {
    const wobble = 1.5 * Math.sin(circle * (phase * (6 + strand) + strand / 7));
    canvas.strokeStyle = ["#7fb4c4", "#b9dde5", "#eaf6f8"][strand % 3] ?? "";
    canvas.lineWidth = 3.5;
    canvas.beginPath();
    canvas.moveTo(end - 10, y - 14 + strand * 1.4);
    canvas.bezierCurveTo(
      end + 14,
      y - 14 + strand * 1.4,
      end + 40 - strand * 3,
      y - 6 + strand,
      end + 52 - strand * 4 + wobble,
      y + 30 + (strand % 3) * 8,
    );
    canvas.stroke();
  }
}

/** Drops that the buckets lose on their way down the right side. Each falls a whole number of times in a loop. */
export function drawSpray(canvas: CanvasRenderingContext2D, phase: number): void {
  canvas.fillStyle = "rgb(214 238 243 / 0.8)";
  for (let drop = 0; drop < 60; drop++) {
    const falls = 5 + (drop % 4);
    const age = (phase * falls + drop * 0.618) % 1;
    const angle = -0.5 + (drop % 20) * 0.062;
    const x = layout.axle.x + Math.cos(angle) * (layout.wheelRadius + 6) + 16 * age * ((drop % 5) - 1);
    const top = layout.axle.y + Math.sin(angle) * (layout.wheelRadius + 6);
    const y = top + age * age * (layout.waterline + 8 - top);
    canvas.beginPath();
    canvas.ellipse(x, y, 1.6, 2.2 + 2.4 * age, 0, 0, circle);
    canvas.fill();
  }
}

/** The stream below: bands of waves, each moving by whole wavelengths in a loop, and foam under the wheel. */
export function drawStream(canvas: CanvasRenderingContext2D, phase: number): void {
  const bands = [
    { y: 0, height: 3.5, waves: 9, turns: 3, colour: "#5d93a4" },
    { y: 18, height: 4.5, waves: 7, turns: -2, colour: "#4a8296" },
    { y: 38, height: 5.5, waves: 5, turns: 2, colour: "#3a6f86" },
    { y: 62, height: 6, waves: 4, turns: -1, colour: "#2b5b74" },
  ];
  for (const band of bands) {
    canvas.fillStyle = band.colour;
    canvas.beginPath();
    canvas.moveTo(0, HEIGHT);
    for (let x = 0; x <= WIDTH; x += 6) {
      const along = (x / WIDTH) * band.waves;
      const wave = Math.sin(circle * (along - band.turns * phase)) + 0.4 * Math.sin(circle * (2.3 * along + 2 * band.turns * phase));
      canvas.lineTo(x, layout.waterline + band.y + band.height * wave);
    }
    canvas.lineTo(WIDTH, HEIGHT);
    canvas.fill();
  }
  drawSunPath(canvas, phase);
  drawFoam(canvas, phase);
}

function drawSunPath(canvas: CanvasRenderingContext2D, phase: number): void {
  for (let line = 0; line < 9; line++) {
    const y = layout.waterline + 8 + line * 10;
    const sway = 10 * Math.sin(circle * (phase * ((line % 3) + 1) + line * 0.37));
    const half = 26 + line * 5 + 8 * Math.sin(circle * (phase * 2 + line * 0.21));
    canvas.fillStyle = `rgb(255 222 164 / ${0.5 - line * 0.035})`;
    canvas.beginPath();
    canvas.ellipse(250 + sway, y, half, 1.8, 0, 0, circle);
    canvas.fill();
  }
}

function drawFoam(canvas: CanvasRenderingContext2D, phase: number): void {
  for (let patch = 0; patch < 26; patch++) {
    const age = (phase * (2 + (patch % 2)) + patch * 0.618) % 1;
    const x = layout.axle.x + 40 + (patch % 13) * 9 + age * 120;
    const y = layout.waterline + 4 + (patch % 6) * 5 + age * 6;
    canvas.fillStyle = `rgb(240 250 251 / ${0.6 * Math.sin(Math.PI * age)})`;
    canvas.beginPath();
    canvas.ellipse(x, y, 9 + 12 * age, 2.2, 0, 0, circle);
    canvas.fill();
  }
  // A ring on the water for each beat.
  for (let beat = 0; beat < LOOP_SECONDS; beat++) {
    const lit = ringAt(phase, beat);
    if (lit === 0) continue;
    const spread = 1 - Math.sqrt(lit);
    canvas.strokeStyle = `rgb(240 250 251 / ${0.8 * lit})`;
    canvas.lineWidth = 2.5;
    canvas.beginPath();
    canvas.ellipse(420, layout.waterline + 46, 8 + 90 * spread, 2 + 15 * spread, 0, 0, circle);
    canvas.stroke();
  }
}
