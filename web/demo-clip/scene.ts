import { drawLandscape, drawMill } from "./backdrop.ts";
import { LOOP_SECONDS } from "./layout.ts";
import { drawFlume, drawSpray, drawStream, ringAt } from "./water.ts";
import { drawWheel } from "./wheel.ts";

/** Draws the mill at `phase`, the part of the loop that has passed: 0 and 1 are the same picture. */
export function drawScene(canvas: CanvasRenderingContext2D, phase: number): void {
  canvas.save();
  drawLandscape(canvas, phase);
  drawMill(canvas, phase);
  drawFlume(canvas, phase);
  drawWheel(canvas, phase);
  drawSpray(canvas, phase);
  drawStream(canvas, phase);
  drawTitle(canvas, phase);
  canvas.restore();
}

function drawTitle(canvas: CanvasRenderingContext2D, phase: number): void {
  canvas.fillStyle = "#fdf3e2";
  canvas.textBaseline = "alphabetic";
  canvas.font = "600 64px 'DejaVu Serif', Georgia, serif";
  canvas.fillText("Millrace", 56, 110);
  canvas.font = "22px 'DejaVu Sans', system-ui, sans-serif";
  canvas.fillStyle = "#f3dcc0";
  canvas.fillText("live media server", 60, 146);
  // The light that says "on air" flashes with each bell.
  let lit = 0;
  for (let beat = 0; beat < LOOP_SECONDS; beat++) lit += ringAt(phase, beat);
  canvas.fillStyle = `rgb(255 ${Math.round(120 + 60 * lit)} 96 / ${0.55 + 0.45 * lit})`;
  canvas.beginPath();
  canvas.arc(376, 84, 7 + 4 * lit, 0, Math.PI * 2);
  canvas.fill();
}
