/** What the player says in every state, by which ways it gets its media, and with which codecs. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeMp4Server } from "../support/fake-mp4-server.ts";
import { LiveClip } from "../support/live-clip.ts";
import { makeLoopClip } from "../support/loop-clip.ts";
import type { LoopClip, LoopClipOptions } from "../support/loop-clip.ts";
import { PlayerBrowser } from "../support/player-page.ts";
import type { PlayerPage } from "../support/player-page.ts";

let browser: PlayerBrowser;
let clip: LoopClip;

before(async () => {
  [browser, clip] = await Promise.all([PlayerBrowser.launch(), makeLoopClip()]);
});
after(async () => browser.close());

interface Opened {
  readonly live: LiveClip;
  readonly server: FakeMp4Server;
  readonly page: PlayerPage;
}

interface Setting {
  readonly of?: LoopClip;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Done to the server before the page is opened. */
  readonly prepare?: (server: FakeMp4Server) => void;
  readonly in?: PlayerBrowser;
}

async function open(setting: Setting, what: (opened: Opened) => Promise<void>): Promise<void> {
  const live = new LiveClip(setting.of ?? clip);
  const server = new FakeMp4Server(live);
  setting.prepare?.(server);
  await server.listen();
  const attributes = { src: "/live/cam", autoplay: "", controls: "", latency: "0.5", ...setting.attributes };
  const page = await (setting.in ?? browser).open(server.page(attributes));
  try {
    await what({ live, server, page });
    assert.deepEqual(page.problems, []);
  } finally {
    await page.page.close();
    await server.close();
  }
}

const limit = { timeout: 60_000 };

for (const [name, options] of Object.entries({
  "H.264 with B-frames and AAC": { bFrames: 2 },
  "VP9 and Opus": { video: "vp9", audio: "opus" },
  "video alone": { audio: "none" },
  "audio alone": { video: "none" },
} satisfies Record<string, LoopClipOptions>)) {
  test(`plays ${name}`, limit, async () => {
    await open({ of: await makeLoopClip({ seconds: 4, ...options }) }, async ({ page }) => {
      await page.until(`report.state === "playing"`);
      const report = await page.playOn(3);
      assert.equal(report.stats!.engine, "mse");
      assert.equal(report.stats!.transport, "websocket");
      assert.ok(report.stats!.latency! < 1.5, `${report.stats!.latency}`);
    });
  });
}

test("where WebSocket is blocked the same media come by fetch", limit, async () => {
  await open({ prepare: (server) => (server.webSocket = false) }, async ({ page, live }) => {
    await page.until(`report.state === "playing" && report.stats.transport === "fetch"`);
    await page.playOn(1);
    live.change(await makeLoopClip({ seconds: 4, size: "320x180" }));
    const report = await page.until("report.stats.width === 320", 20_000);
    assert.ok(!report.states.includes("reconnecting"), `${report.states}`);
  });
});

test("another codec takes over without a break in the page", limit, async () => {
  await open({}, async ({ page, live }) => {
    await page.until(`report.state === "playing"`);
    const { currentTime } = await page.playOn(1);
    live.change(await makeLoopClip({ seconds: 4, video: "vp9", audio: "opus", size: "320x180" }));
    const report = await page.until(`report.stats.width === 320 && report.currentTime > ${currentTime + 2}`, 20_000);
    assert.match(report.stats!.videoCodec, /^vp09/);
    assert.equal(report.stats!.audioCodec, "opus");
    assert.deepEqual(report.errors, []);
  });
});

test("a stream that gains sound midway goes on", limit, async () => {
  const silent = {
    ...clip,
    tracks: clip.tracks.filter((track) => track.kind === "video"),
    frames: clip.frames.filter((frame) => frame.track === 1),
  };
  await open({ of: silent }, async ({ page, live }) => {
    await page.until(`report.state === "playing"`);
    await page.playOn(1);
    live.change(clip);
    const report = await page.until(`report.stats.audioCodec !== "" && report.stats.position !== null`);
    assert.equal(report.state, "playing");
    await page.playOn(1);
    assert.equal((await page.report()).stats!.audioCodec, "mp4a.40.2");
  });
});

test("WebCodecs plays, on a canvas", limit, async () => {
  await open(
    { attributes: { engine: "webcodecs" }, of: await makeLoopClip({ seconds: 4, video: "vp9", audio: "opus" }) },
    async ({ page }) => {
      await page.until(`report.state === "playing" && report.stats.engine === "webcodecs" && report.stats.decodedFrames > 50`, 20_000);
      const report = await page.report();
      assert.equal(report.stats!.width, 640);
      assert.ok(report.stats!.buffer < 2, `${report.stats!.buffer}`);
      const colours =
        "new Set(document.querySelector('millrace-player').shadowRoot.querySelector('.canvas').getContext('2d').getImageData(0, 0, 640, 360).data).size";
      assert.ok((await page.page.evaluate<number>(colours)) > 20, "there is a picture");
    },
  );
});

test("a token is asked for, sent, and asked for again when it is refused", limit, async () => {
  const prepare = (server: FakeMp4Server): void => {
    server.refusal = { code: 4401, status: 401, reason: "the link has run out" };
  };
  await open({ attributes: { src: "" }, prepare }, async ({ page, server }) => {
    await page.page.evaluate(`(() => { const player = document.querySelector("millrace-player"); let count = 0;
      player.getToken = async () => "t" + ++count; player.src = "/live/cam"; player.play(); })()`);
    await page.until(`report.state === "refused"`);
    assert.deepEqual(server.asked, ["/live/cam.mp4?key=t1", "/live/cam.mp4?key=t2"]);
    assert.match(await page.text("hint"), /The link has run out\. Ask whoever/);
    server.refusal = undefined;
    await page.page.getByRole("button", { name: "Try again" }).click();
    await page.until(`report.state === "playing"`);
  });
});

test("offline: says so, and starts by itself", limit, async () => {
  const prepare = (server: FakeMp4Server): void => {
    server.refusal = { code: 4404, status: 404, reason: "" };
  };
  await open({ prepare }, async ({ page, server }) => {
    await page.until(`report.state === "waiting"`);
    assert.equal(await page.text("title"), "Waiting for the stream");
    server.refusal = undefined;
    await page.until(`report.state === "playing"`);
  });
});

test("ended: says so, stays so, and starts again by itself", limit, async () => {
  await open({}, async ({ page, server }) => {
    await page.until(`report.state === "playing"`);
    server.refusal = { code: 4404, status: 404, reason: "" };
    server.end(1000);
    await page.until(`report.state === "ended"`);
    assert.equal(await page.text("title"), "The stream has ended");
    server.refusal = undefined;
    const report = await page.until(`report.state === "playing"`);
    assert.ok(!report.states.includes("waiting"), `${report.states}`);
  });
});

test("what does not fit into MP4 is said in the server's words", limit, async () => {
  const prepare = (server: FakeMp4Server): void => {
    server.refusal = { code: 4415, status: 415, reason: "MP4 cannot carry Speex" };
  };
  await open({ prepare }, async ({ page }) => {
    const report = await page.until(`report.state === "unsupported"`);
    assert.deepEqual(report.errors, [{ code: "unsupported", message: "MP4 cannot carry Speex" }]);
  });
});

test("a codec that the browser lacks is named", limit, async () => {
  const hevc = {
    ...clip,
    tracks: clip.tracks.map((track) => (track.kind === "video" ? { ...track, codecString: "hvc1.1.6.L93.B0" } : track)),
  };
  const pictures = { ...hevc, tracks: hevc.tracks.slice(0, 1), frames: clip.frames.filter((frame) => frame.track === 1) };
  await open({ of: pictures }, async ({ page }) => {
    await page.until(`report.state === "unsupported"`);
    assert.match(await page.text("hint"), /lacks HEVC \(H\.265\).*Safari plays it/);
  });
  await open({ of: hevc }, async ({ page }) => {
    await page.until(`report.state === "playing"`);
    assert.match(await page.text("notice"), /^No picture: this browser lacks HEVC/);
  });
});

test("no server: says so, with a button to try now", limit, async () => {
  await open({ prepare: (server) => (server.isDown = true) }, async ({ page, server }) => {
    await page.page.getByRole("button", { name: "Try now" }).waitFor();
    assert.match(await page.text("hint"), /^The server does not answer\./);
    server.isDown = false;
    await page.page.getByRole("button", { name: "Try now" }).click();
    await page.until(`report.state === "playing"`);
  });
});

test("without autoplay it waits for a press; keys pause, mute and go on", limit, async () => {
  const attributes: Record<string, string> = { src: "/live/cam", controls: "" };
  const live = new LiveClip(clip);
  const server = new FakeMp4Server(live);
  await server.listen();
  const page = await browser.open(server.page(attributes));
  try {
    assert.equal((await page.report()).state, "idle");
    assert.equal(server.viewers, 0);
    await page.page.getByRole("button", { name: "Play" }).click();
    await page.until(`report.state === "playing"`);
    await page.page.locator("millrace-player").focus();
    await page.page.keyboard.press("k");
    await page.until(`report.state === "paused"`);
    await page.page.keyboard.press(" ");
    await page.until(`report.state === "playing"`);
    await page.playOn(1);
    await page.page.keyboard.press("m");
    assert.equal(await page.page.evaluate("document.querySelector('millrace-player').muted"), true);
    await page.page.keyboard.press("ArrowDown");
    assert.equal(await page.page.evaluate("document.querySelector('millrace-player').volume"), 0.9);
    assert.deepEqual(page.problems, []);
  } finally {
    await page.page.close();
    await server.close();
  }
});

test("where the browser insists it starts muted, says so, and a tap unmutes", limit, async () => {
  const strict = await PlayerBrowser.launch({ soundAllowed: false });
  try {
    await open({ in: strict }, async ({ page }) => {
      await page.until(`report.state === "playing"`);
      // It plays a moment before the browser's refusal of sound has been heard of: the click waits for the button.
      await page.page.getByRole("button", { name: "Tap to unmute" }).click();
      assert.equal(await page.page.evaluate("document.querySelector('millrace-player').muted"), false);
      assert.equal(await page.text("unmute"), "");
      await page.playOn(1);
    });
  } finally {
    await strict.close();
  }
});

test("properties that frameworks set before the element is in the page stay, and what they set to undefined is let go", limit, async () => {
  await open({}, async ({ page }) => {
    const facts = await page.page.evaluate<unknown[]>(`(async () => {
      const seen = [];
      const player = document.createElement("millrace-player");
      const note = () => seen.push([player.muted, player.autoplay, player.controls, player.latency, player.src, player.engine, player.volume]);
      Object.assign(player, { muted: true, autoplay: true, controls: true, latency: 2, src: "/live/cam", engine: "mse", volume: 0.5 });
      document.body.append(player);
      note();
      await new Promise((resolve) => player.addEventListener("stats", resolve, { once: true }));
      for (const name of ["muted", "autoplay", "controls", "latency", "src", "engine", "volume", "poster", "transport", "getToken"])
        player[name] = undefined;
      note();
      await Promise.resolve();
      seen.push([player.state, player.outerHTML.match(/undefined/)]);
      player.remove();
      return seen;
    })()`);
    assert.deepEqual(facts, [
      [true, true, true, 2, "/live/cam", "mse", 0.5],
      [false, false, false, 0.25, "", "auto", 1],
      ["idle", null],
    ]);
  });
});
