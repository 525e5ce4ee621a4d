import { HEIGHT, WIDTH } from "./layout.ts";
import { drawScene } from "./scene.ts";

/** The picture at `phase` (0 to 1) of the loop as base64 of a PNG; tools/make-demo-clip.ts asks for one after another. */
export function picture(phase: number): string {
  const element = document.createElement("canvas");
  element.width = WIDTH;
  element.height = HEIGHT;
  const canvas = element.getContext("2d", { alpha: false });
  if (canvas === null) throw new Error("this browser has no 2D canvas");
  drawScene(canvas, phase);
  return element.toDataURL("image/png").replace(/^.*,/, "");
}
