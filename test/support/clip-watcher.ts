/** A browser whose player watches a live clip while something is done to it. */
import assert from "node:assert/strict";
import { FakeMp4Server } from "./fake-mp4-server.ts";
import { LiveClip } from "./live-clip.ts";
import { makeLoopClip } from "./loop-clip.ts";
import type { LoopClip } from "./loop-clip.ts";
import { PlayerBrowser } from "./player-page.ts";
import type { PlayerPage } from "./player-page.ts";

export interface Watching {
  readonly live: LiveClip;
  readonly server: FakeMp4Server;
  readonly page: PlayerPage;
}

/** Half a second of buffer: what is tried is the fault, not how busy the machine is that the tests run on. */
const latency = "0.5";

export class ClipWatcher {
  readonly clip: LoopClip;
  readonly #browser: PlayerBrowser;

  private constructor(browser: PlayerBrowser, clip: LoopClip) {
    this.#browser = browser;
    this.clip = clip;
  }

  static async launch(): Promise<ClipWatcher> {
    const [browser, clip] = await Promise.all([PlayerBrowser.launch(), makeLoopClip()]);
    return new ClipWatcher(browser, clip);
  }

  /** Watches the clip, live, until it has settled, then does something to it. Asserts that no script of the page failed. */
  async watch(what: (watching: Watching) => Promise<void>): Promise<void> {
    const live = new LiveClip(this.clip);
    const server = new FakeMp4Server(live);
    await server.listen();
    const page = await this.#browser.open(server.page({ src: "/live/cam", autoplay: "", controls: "", latency }));
    try {
      await page.until(`report.state === "playing" && report.currentTime > 0`);
      await page.playOn(1.5);
      await page.reset();
      await what({ live, server, page });
      assert.deepEqual(page.problems, []);
    } finally {
      await page.page.close();
      await server.close();
    }
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

/** A filter that leaves out what lies in a stretch beginning `from` seconds after the next key frame, and when it is over. */
export function leaveOut(live: LiveClip, kinds: readonly string[], from: number, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let start: number | undefined;
  live.filter = (frame, track, time) => {
    if (start === undefined && track.kind === "video" && frame.sap !== 0) start = time + from;
    if (start === undefined || time < start) return true;
    if (time >= start + seconds) {
      live.filter = () => true;
      resolve();
      return true;
    }
    return !kinds.includes(track.kind);
  };
  return promise;
}
