/** nginx as a cache before HLS, as docs/cdn.md sets it up: it plays, and the server is asked once for what many want. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { after, before, it } from "node:test";
import { Place } from "../interop/place.ts";
import * as publishers from "../interop/publishers.ts";
import { makeClip } from "../support/clip.ts";
import { parsePlaylist } from "../support/hls-watcher.ts";
import { packetsOf } from "../support/packets.ts";
import { freePort, type RunningProgram, start } from "../support/program.ts";

let place: Place;
let publisher: RunningProgram;
let nginx: RunningProgram;
let cached: string;

before(async () => {
  place = await Place.open({ trustedProxies: ["loopback"] });
  const port = await freePort();
  const recipe = /^```nginx\n(.*?)^```/ms.exec(readFileSync(new URL("../../docs/cdn.md", import.meta.url), "utf8"))![1]!;
  const changes = [
    ["listen 80;", `listen 127.0.0.1:${port};`],
    ["http://127.0.0.1:8080", `http://127.0.0.1:${place.httpPort}`],
    ["/var/cache/nginx/hls", place.file("cache")],
  ] as const;
  const http = changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the recipe lacks ${from}`);
    return text.replace(from, to);
  }, recipe);
  const file = place.file("conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${place.file("temp")};`)
    .join("\n");
  const head = `daemon off;\nuser root;\npid ${place.file("pid")};\nerror_log stderr warn;\nevents {}\n`;
  await writeFile(file, `${head}http {\naccess_log off;\n${temporary}\n${http}}\n`);
  nginx = start("nginx", ["-e", "stderr", "-p", place.folder, "-c", file]);
  await place.untilListens(port);
  publisher = publishers.ffmpeg5.publish(await makeClip({ seconds: 30 }), place.rtmp("live/cam"));
  await place.until(() => place.server.hub.streams.get("live/cam")?.state === "live", "it is live");
  cached = `http://127.0.0.1:${port}/live/cam.m3u8`;
});
after(async () => {
  await publisher?.stop();
  await nginx?.stop();
  await place?.[Symbol.asyncDispose]();
});

async function get(url: string): Promise<{ readonly status: number; readonly cache: string | null; readonly text: string }> {
  const response = await fetch(url);
  return { status: response.status, cache: response.headers.get("x-cache"), text: await response.text() };
}

it("many who wait for the next part are one request here; keys are kept apart", async () => {
  const multivariant = await get(`${cached}?key=a`);
  const url = new URL(multivariant.text.trimEnd().split("\n").at(-1)!, cached).href;
  const details = parsePlaylist((await get(url)).text, url);
  const next = `${url}&_HLS_msn=${details.lastPartSn + 1}&_HLS_part=0`;
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(next)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1, "all get the same");
  assert.equal(answers.filter(({ cache }) => cache === "MISS").length, 1, answers.map(({ cache }) => cache).join(" "));
  assert.ok(parsePlaylist(answers[0]!.text, url).lastPartSn > details.lastPartSn);
  const segment = details.fragments.at(-1)!.url;
  assert.deepEqual([(await get(segment)).cache, (await get(segment)).cache], ["MISS", "HIT"]);
  assert.equal((await get(segment.replace("key=a", "key=b"))).cache, "MISS");
  const missing = segment.replace(/s\d+\.m4s/, "s999999.m4s");
  const asked = [await get(missing), await get(missing)];
  assert.deepEqual(new Set(asked.map(({ status, cache }) => `${status} ${cache}`)), new Set(["404 null"]), "mistakes are not kept");
});

it("FFmpeg plays through it", async () => {
  const packets = await packetsOf(cached, { before: ["-read_intervals", "%+5"] });
  assert.ok(packets.filter(({ kind }) => kind === "video").length > 100);
});
