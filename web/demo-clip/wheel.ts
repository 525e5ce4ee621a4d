import { layout, LOOP_SECONDS } from "./layout.ts";

const circle = Math.PI * 2;
/** Paddles of the wheel. One passes the trough each second, so that the loop ends where it began. */
export const PADDLES = 16;

/** Angle of the wheel in radians; the water comes from the left, over the top. */
export function wheelAngle(phase: number): number {
  return (circle / PADDLES) * LOOP_SECONDS * phase;
}

/** The turning wheel: buckets, two rims, spokes and the axle. */
export function drawWheel(canvas: CanvasRenderingContext2D, phase: number): void {
  const radius = layout.wheelRadius;
  canvas.save();
  canvas.translate(layout.axle.x, layout.axle.y);
  canvas.rotate(wheelAngle(phase));
  for (let index = 0; index < PADDLES; index++) {
    canvas.save();
    canvas.rotate((index * circle) / PADDLES);
    bucket(canvas, radius);
    if (index % 2 === 0) spoke(canvas, radius);
    canvas.restore();
  }
  ring(canvas, radius - 3, 9, "#6b442a");
  ring(canvas, radius - 3, 3, "#8d603d");
  ring(canvas, radius - 27, 7, "#5a3823");
  ring(canvas, 24, 11, "#6b442a");
  canvas.fillStyle = "#33231a";
  canvas.beginPath();
  canvas.arc(0, 0, 12, 0, circle);
  canvas.fill();
  canvas.restore();
}

function bucket(canvas: CanvasRenderingContext2D, radius: number): void {
  canvas.strokeStyle = "#7b5132";
  canvas.lineWidth = 6;
  canvas.lineCap = "round";
  canvas.beginPath();
  canvas.moveTo(0, -(radius - 28));
  canvas.lineTo(4, -(radius - 10));
  canvas.lineTo(17, -(radius + 9));
  canvas.stroke();
}

function spoke(canvas: CanvasRenderingContext2D, radius: number): void {
  canvas.fillStyle = "#69452c";
  canvas.fillRect(-4, -(radius - 26), 8, radius - 48);
  canvas.fillStyle = "#85593a";
  canvas.fillRect(-4, -(radius - 26), 3, radius - 48);
}

function ring(canvas: CanvasRenderingContext2D, radius: number, width: number, colour: string): void {
  canvas.strokeStyle = colour;
  canvas.lineWidth = width;
  canvas.beginPath();
  canvas.arc(0, 0, radius, 0, circle);
  canvas.stroke();
}
