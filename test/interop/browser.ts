/** Chromium as a viewer: what a page shows, by its pictures. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const pictures = fileURLToPath(new URL("../../artifacts/interop/", import.meta.url));

/** What a video element has done and shows. */
export interface Seen {
  readonly currentTime: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly audioBytes: number;
  /** Of the picture's brightness: 0 is one flat colour. */
  readonly variance: number;
}

/** The expression of the video element in a page of ours, and in one that has but a video. */
export const playerVideo = "document.querySelector('millrace-player')?.shadowRoot?.querySelector('video')";
export const plainVideo = "document.querySelector('video')";

/** Looks at a video element now. */
function look(page: Page, video: string): Promise<Seen> {
  return page.evaluate<Seen>(`(() => {
    const video = ${video};
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
    const context = canvas.getContext("2d");
    if (video?.videoWidth > 0) context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const luma = Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
    const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
    return {
      currentTime: video?.currentTime ?? 0,
      width: video?.videoWidth ?? 0,
      height: video?.videoHeight ?? 0,
      frames: video?.getVideoPlaybackQuality?.().totalVideoFrames ?? 0,
      audioBytes: video?.webkitAudioDecodedByteCount ?? 0,
      variance: luma.reduce((sum, value) => sum + (value - mean) ** 2, 0) / luma.length,
    };
  })()`);
}

/** Waits until a video has played for a second with pictures and sound, and keeps a picture of the page. */
export async function playsOn(page: Page, video: string, picture: string): Promise<Seen> {
  const first = await until(page, video, ({ currentTime, frames }) => currentTime > 0 && frames > 0, "it starts");
  const seen = await until(
    page,
    video,
    ({ currentTime, frames, audioBytes }) => currentTime > first.currentTime + 1 && frames > first.frames + 15 && audioBytes > 0,
    "it plays on with sound",
  );
  await page.screenshot({ path: join(pictures, `${picture}.png`) });
  assert.ok(seen.variance > 100, `the picture is flat: variance ${seen.variance}`);
  return seen;
}

/** `waitForFunction` would need `unsafe-eval`, which the policy of our pages forbids. */
async function until(page: Page, video: string, condition: (seen: Seen) => boolean, what: string): Promise<Seen> {
  const end = performance.now() + 15_000;
  for (;;) {
    const seen = await look(page, video);
    if (condition(seen)) return seen;
    assert.ok(performance.now() < end, `not in time: ${what}: ${JSON.stringify(seen)}`);
    await page.waitForTimeout(50);
  }
}
