/** Looking back, with programs: what FFmpeg publishes is played from a moment in its past, bit for bit, at its own pace or fast. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { run, start } from "../support/program.ts";
import { startServer } from "../support/server-program.ts";
import { playerVideo, playsOn } from "../interop/browser.ts";
import { compare } from "../interop/compare.ts";
import { Place, Way } from "../interop/place.ts";
import { type Got, type Player, webSocket } from "../interop/players.ts";
import * as publishers from "../interop/publishers.ts";
import { barePackets } from "../interop/ts-packets.ts";

const name = "live/cam";
const clipSeconds = 14;
const behindSeconds = 5;
const { httpFlv, httpMp4, httpTs, httpMkv, wsFlv, wsMp4, wsTs } = Way;

const ffmpeg: Player = { name: "FFmpeg", play: (url) => barePackets(url) };
const curl: Player = {
  name: "curl",
  async play(url, place) {
    const file = place.file("media");
    await run("curl", ["-sS", "--fail", "-o", file, url]);
    return await barePackets(file);
  },
};
const vlc: Player = {
  name: "VLC",
  async play(url, place) {
    const file = place.file("media");
    const args = ["-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--demux=dump", `--demuxdump-file=${file}`, url, "vlc://quit"];
    await using running = start("cvlc", args, { unprivileged: true, env: { HOME: place.folder } });
    await running.succeeded();
    return await barePackets(file);
  },
};
const ws = webSocket(barePackets);

interface Seen {
  readonly who: string;
  readonly got: Got[];
  /** Milliseconds after the publisher's end. */
  readonly endedAfter: number;
}

/** Publishes a clip, and has players ask for something when so much of it has gone by. */
async function playBack(
  viewers: readonly (readonly [Way, Player])[],
  query: (now: number) => string,
): Promise<{ sent: Got[]; seen: Seen[]; asked: number[] }> {
  await using place = await Place.open({ streams: { ringTime: "1m", graceAfterUnpublish: "1s", gracePeriod: "1s" } });
  const clip = await makeClip({ seconds: clipSeconds });
  const sent = await barePackets(clip);
  await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
  const newest = (): number => (place.server.hub.streams.get(name)?.timeline.lastMicros ?? 0) / 1e6;
  await place.until(() => newest() > behindSeconds + 3, "the stream has a past");
  let over = Infinity;
  const asked = [newest()];
  const playing = Promise.all(
    viewers.map(async ([way, player]): Promise<Seen> => {
      const got = await player.play(place.url(way, name) + query(Date.now()), place);
      return { who: `${player.name} over ${way}`, got, endedAfter: performance.now() - over };
    }),
  );
  playing.catch(() => undefined);
  await place.until(() => place.server.hub.streams.get(name)!.viewers === viewers.length, "all players are there");
  asked.push(newest());
  await publishing.succeeded();
  over = performance.now();
  return { sent, seen: await playing, asked };
}

/** That what a player got is the end of what was sent, from the key frame before a moment on. */
function check(sent: readonly Got[], { who, got }: Seen, [earliest, latest]: readonly number[]): void {
  compare(sent, got, who, { audio: 25_000, late: true });
  const pictures = got.filter(({ kind }) => kind === "video").length;
  const from = clipSeconds - pictures / 25;
  assert.ok(
    from >= earliest! - behindSeconds - 1.2 && from <= latest! - behindSeconds + 0.2,
    `${who} begins at ${from} s; ${earliest} to ${latest}`,
  );
}

describe("what FFmpeg publishes is played from its past", { concurrency: 1 }, () => {
  it("?buffer: in every container, as far behind to the end", async () => {
    const viewers = [
      [httpFlv, ffmpeg],
      [httpMp4, ffmpeg],
      [httpTs, vlc],
      [httpMkv, curl],
      [wsFlv, ws],
      [wsMp4, ws],
      [wsTs, ws],
    ] as const;
    const { sent, seen, asked } = await playBack(viewers, () => `?buffer=${behindSeconds}`);
    for (const each of seen) {
      check(sent, each, asked);
      assert.ok(each.endedAfter > behindSeconds * 1000 - 1500, `${each.who} ended ${each.endedAfter} ms after the publisher`);
    }
  });

  it("?date and ?pace=fast: all that lies between at once, then live", async () => {
    const viewers = [
      [httpFlv, curl],
      [httpMp4, ffmpeg],
      [httpTs, ffmpeg],
      [httpMkv, ffmpeg],
      [wsFlv, ws],
      [wsMp4, ws],
      [wsTs, ws],
    ] as const;
    const date = (now: number): string => `?date=${new Date(now - behindSeconds * 1000).toISOString()}&pace=fast`;
    const { sent, seen, asked } = await playBack(viewers, date);
    for (const each of seen) {
      check(sent, each, asked);
      assert.ok(each.endedAfter < behindSeconds * 1000 - 500, `${each.who} ended ${each.endedAfter} ms after the publisher`);
    }
  });

  it("our player in Chromium: the query of the page's address is that of the stream", async () => {
    if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
    await using place = await Place.open({ streams: { ringTime: "1m" } });
    const browser = await launchChromium();
    try {
      const clip = await makeClip({ seconds: 30 });
      await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
      const newest = (): number => (place.server.hub.streams.get(name)?.timeline.lastMicros ?? 0) / 1e6;
      await place.until(() => newest() > behindSeconds + 3, "the stream has a past");
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${place.httpPort}/watch/${name}?buffer=${behindSeconds}`);
      for (let looks = 0; looks < 3; looks++) {
        const { currentTime } = await playsOn(page, playerVideo, "watch-behind");
        const behind = newest() - currentTime;
        assert.ok(behind > behindSeconds - 0.5 && behind < behindSeconds + 2.5, `${behind} s behind`);
      }
      const { waitings } = await page.evaluate<{ waitings: number }>("document.querySelector('millrace-player').stats()");
      assert.ok(waitings <= 1, `${waitings} times it had nothing to play`);
      await publishing.stop();
    } finally {
      await browser.close();
    }
  });

  it("over kill -9 and a restart: before the encoder is back, and with it", async () => {
    await using place = await Place.open();
    const config = place.file("yaml");
    await writeFile(config, JSON.stringify({ data: place.folder, feeds: { [name]: { file: "cam.ring" } } }));
    const clip = await makeClip({ seconds: clipSeconds });
    const sent = await barePackets(clip);
    const seconds = 6;
    const begun = Date.now();
    {
      await using server = await startServer("--config", config);
      await using publishing = publishers.ffmpeg5.publish(clip, `rtmp://127.0.0.1:${server.rtmp}/${name}`);
      await untilPast(server.http, seconds);
      process.kill(server.program.pid, "SIGKILL");
      await server.program.finished;
      await publishing.stop();
    }
    await using server = await startServer("--config", config);
    const urls = ["http", "ws"].flatMap((scheme) =>
      ["flv", "mp4", "ts", ...(scheme === "http" ? ["mkv"] : [])].map((end) => `${scheme}://127.0.0.1:${server.http}/${name}.${end}`),
    );
    const play = (url: string, query: string): Promise<Got[]> => (url.startsWith("ws") ? ws : curl).play(url + query, place);
    const early = await Promise.all(urls.map((url) => play(url, `?date=${new Date(begun).toISOString()}&pace=fast`)));
    for (const [i, got] of early.entries()) {
      assert.ok(pictures(got).length >= (seconds - 1) * 25, `${urls[i]}: ${pictures(got).length} pictures of ${seconds * 25}`);
      assert.deepEqual(pictures(got), pictures(sent).slice(0, pictures(got).length), urls[i]);
    }
    await using publishing = publishers.ffmpeg5.publish(
      await makeClip({ seconds: 4, tone: 880, size: "160x90" }),
      `rtmp://127.0.0.1:${server.rtmp}/${name}`,
    );
    await untilPast(server.http, seconds + 1);
    const late = play(urls[2]!, "?buffer=600&pace=fast");
    await publishing.succeeded();
    const got = pictures(await late);
    const kept = pictures(early[2]!).length;
    assert.deepEqual(got.slice(0, kept), pictures(sent).slice(0, kept));
    assert.equal(got.length, kept + 100, "and all of the second");
  });
});

const pictures = (got: readonly Got[]): string[] => got.filter(({ kind }) => kind === "video").map(({ md5 }) => md5);

/** Resolves when viewers may go back so many seconds. */
async function untilPast(port: number, seconds: number): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/streams/${name}`);
    const { past } = (await response.json()) as { past?: { seconds: number } | null };
    if ((past?.seconds ?? 0) >= seconds) return;
    await delay(50);
  }
}
