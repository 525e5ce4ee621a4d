/** Feeds and what encoders, or those who are none, send to them; programs that are launched. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeHeader } from "../src/containers/ffm/header.ts";
import type { FfmStream } from "../src/containers/ffm/stream-info.ts";
import { readSettings } from "../src/server/cli/read-settings.ts";
import { ConfigError } from "../src/server/config/problem.ts";
import { makeClip } from "./support/clip.ts";
import { postClip, until } from "./support/feed-clip.ts";
import { FfserverPlace } from "./support/ffserver-place.ts";
import { packetsOf } from "./support/packets.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { run, start } from "./support/program.ts";
import { startServerWith } from "./support/server-program.ts";

const conf = `
MaxClients 20
MaxBandwidth 20000
<Feed roof.ffm>
</Feed>
<Feed far.ffm>
  ACL allow 192.0.2.0 192.0.2.255
</Feed>
<Stream roof.flv>
  Feed roof.ffm
  AudioCodec aac
  AudioBitRate 64
  VideoCodec libx264
  VideoSize 320x180
  Preroll 1
</Stream>
<Stream roof.mkv>
  Feed roof.ffm
  AudioCodec aac
  AudioBitRate 64
  VideoCodec libx264
  VideoSize 320x180
  MaxTime 1.2
</Stream>
`;

const stream: FfmStream = {
  codecId: 28,
  kind: "video",
  bitRate: 0,
  extradata: new Uint8Array(0),
  options: new Map([["video_size", "320x180"]]),
  privateOptions: new Map(),
};
const sound: FfmStream = { ...stream, codecId: 0x1_5002, kind: "audio", options: new Map([["ar", "44100"]]) };
const asked = [sound, stream];

/** A header with some of its bytes replaced. */
function changed(at: number, ...bytes: number[]): Buffer {
  const header = Buffer.from(writeHeader(asked));
  header.set(bytes, at);
  return header;
}

/** A header whose option string is of somebody's choice. */
function withOptions(text: string): Buffer {
  return Buffer.from(writeHeader([sound, { ...stream, options: new Map([["video_size", text]]) }]));
}

const page = (...words: number[]): Buffer => Buffer.concat([Buffer.from(words), Buffer.alloc(4096 - words.length)]);
const header = Buffer.from(writeHeader(asked));

const badInputs: readonly (readonly [name: string, body: Buffer, status: number, words: RegExp])[] = [
  ["nothing", Buffer.alloc(0), 422, /empty/],
  ["another magic", Buffer.concat([Buffer.from("FFM3"), header.subarray(4)]), 415, /no format that is known/],
  ["pages of no bytes", changed(4, 0, 0, 0, 0), 422, /pages of 0 bytes/],
  ["a header that is cut off", header.subarray(0, 2000), 422, /within the header/],
  ["a page that is cut off", Buffer.concat([header, Buffer.from("fm")]), 422, /within a page|no frame/],
  ["a page without its mark", Buffer.concat([header, page(1, 2, 3)]), 422, /FFM/],
  ["a page with more filling than room", Buffer.concat([header, page(0x66, 0x6d, 0xff, 0xff)]), 422, /FFM/],
  [
    "a page that says a frame begins behind its end",
    Buffer.concat([header, page(0x66, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)]),
    422,
    /FFM/,
  ],
  ["one stream too few", Buffer.from(writeHeader([stream])), 422, /stream number does not match registered feed: 1, where 2/],
  ["another codec", Buffer.from(writeHeader([sound, { ...stream, codecId: 13 }])), 422, /stream 1 is of codec 13, where h264/],
  ["options of many kilobytes", withOptions("9".repeat(20_000)), 422, /limit|option/i],
  ["options of nonsense", Buffer.concat([withOptions("=,=,\\"), page(0)]), 422, /FFM/],
];

test("what is no FFM, or lies, is refused in words, and a viewer of another feed notices nothing", async () => {
  await using place = await FfserverPlace.open(`${conf}<Feed other>\n</Feed>\n<Stream other.flv>\nFeed other\n</Stream>\n`);
  place.keep(await postClip(place.url("other")));
  const watching = await fetch(place.url("other.flv"));
  const reader = watching.body!.getReader();
  for (const [name, body, status, words] of badInputs) {
    const answer = await fetch(place.url("roof.ffm"), { method: "POST", body });
    const text = await answer.text();
    assert.equal(answer.status, status, `${name}: ${text}`);
    assert.match(text, words, name);
    assert.equal((await reader.read()).done, false);
  }
  await reader.cancel();
  assert.equal(place.server.stream("other").state, "live");
  assert.equal((await fetch(place.url("roof.ffm"))).headers.get("content-length"), "4096");
});

test("an encoder that stalls gives the feed up", async () => {
  await using place = await FfserverPlace.open(conf, { "http.publishStallTimeout": "1s" });
  const connection = await RawConnection.open(Number(new URL(place.url("")).port));
  connection.send("POST /roof.ffm HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n");
  connection.send(header.toString("latin1"));
  assert.match(await connection.until((text) => text.includes("nothing came")), /^HTTP\/1\.1 408 [^]*nothing came for 1 s/);
  place.keep(await postClip(place.url("roof.ffm")));
});

test("a body without a length, which only the connection ends, is taken too", async () => {
  await using place = await FfserverPlace.open(conf);
  const saved = run("curl", ["-sS", "--fail", "-o", join(place.folder, "roof.flv"), place.url("roof.flv")]);
  await until(async () => place.server.hub.waiting > 0);
  const connection = await RawConnection.open(Number(new URL(place.url("")).port));
  connection.send("POST /roof.ffm HTTP/1.0\r\nHost: a\r\n\r\n");
  const clip = await makeClip({ seconds: 3 });
  connection.socket.end(await readFile(clip));
  await saved;
  const pictures = async (file: string) => (await packetsOf(file)).filter(({ kind }) => kind === "video").map(({ md5 }) => md5);
  assert.deepEqual(await pictures(join(place.folder, "roof.flv")), await pictures(clip));
});

test("who may not publish to a feed, and what nobody may", async () => {
  await using place = await FfserverPlace.open(conf);
  const post = async (path: string) => {
    const answer = await fetch(place.url(path), { method: "POST", body: header });
    return [answer.status, (await answer.text()).trim()];
  };
  assert.deepEqual(await post("far.ffm"), [404, "File '/far.ffm' not found"]);
  assert.equal((await fetch(place.url("far.ffm"))).status, 404);
  place.keep(await postClip(place.url("roof.ffm")));
  assert.deepEqual(await post("roof.ffm"), [404, "This feed is already being received."]);
  assert.equal(place.server.stream("roof.ffm").state, "live");
});

test("elsewhere than on this machine a feed without a list is neither published nor read, under no name; its streams are", async () => {
  await using place = await FfserverPlace.open(conf, { trustedProxies: ["loopback"], "viewers.waitForPublisher": "0s" });
  place.keep(await postClip(place.url("roof.ffm")));
  const from = async (address: string, path: string, method = "HEAD"): Promise<number> => {
    const headers = { "x-forwarded-for": address };
    return (await fetch(place.url(path), { method, headers, ...(method === "POST" && { body: header }) })).status;
  };
  const paths = ["roof.flv", "roof.ffm", "roof.ffm.flv", "roof.ffm.jpg"];
  const statuses = async (address: string): Promise<number[]> => Promise.all(paths.map((path) => from(address, path)));
  assert.deepEqual((await statuses("127.0.0.1")).slice(0, 3), [200, 200, 200]);
  assert.deepEqual(await statuses("192.0.2.5"), [200, 404, 401, 401]);
  assert.equal(await from("192.0.2.5", "roof.ffm", "POST"), 404);
  assert.equal(await from("::1", "roof.ffm"), 200);
});

test("a viewer begins so long ago as Preroll says, and ends when MaxTime is over", async () => {
  await using place = await FfserverPlace.open(conf);
  place.keep(await postClip(place.url("roof.ffm")));
  const file = join(place.folder, "roof.mkv");
  await run("curl", ["-sS", "--fail", "-o", file, place.url("roof.mkv")]);
  const pictures = (await packetsOf(file)).filter(({ kind }) => kind === "video");
  assert.ok(pictures.length >= 20 && pictures.length <= 60, `${pictures.length} pictures`);
});

test("FFM over HTTP: what is published is read back, packet for packet, with times of now", async () => {
  await using place = await FfserverPlace.open(conf);
  const clip = await makeClip({ seconds: 3 });
  const saved = run("curl", ["-sS", "--fail", "-o", join(place.folder, "roof.flv"), place.url("roof.flv")]);
  await run("curl", ["-sS", "--fail", "-X", "POST", "-T", clip, place.url("roof.ffm")]);
  await saved;
  const md5s = async (file: string) => (await packetsOf(file)).map(({ kind, md5 }) => `${kind} ${md5}`).toSorted();
  assert.deepEqual(await md5s(join(place.folder, "roof.flv")), await md5s(clip));
});

test("a program is run with the feed's URL behind its words, again when it ends, and ended with the server", async () => {
  const clip = await makeClip({ seconds: 3 });
  const script = `ffmpeg -v error -nostdin -re -i ${clip} -c copy -f flv`;
  const place = await FfserverPlace.open(
    `<Feed roof.ffm>\nLaunch ${script}\n</Feed>\n<Stream roof.flv>\nFeed roof.ffm\n</Stream>\n<Stream stat.html>\nFormat status\n</Stream>\n`,
  );
  const pidOf = async (): Promise<number | false> => {
    const [, pid] = /program (\d+)/.exec(await (await fetch(place.url("stat.html"))).text()) ?? [];
    return pid !== undefined && Number(pid);
  };
  let last: number;
  try {
    const first = await until(pidOf);
    await place.server.hub.watch("roof.ffm", 10_000);
    process.kill(first, "SIGKILL");
    last = await until(async () => {
      const pid = await pidOf();
      return pid !== first && pid;
    });
    await until(async () => place.server.stream("roof.ffm").state === "live");
  } finally {
    await place[Symbol.asyncDispose]();
  }
  assert.throws(() => process.kill(last, 0), { code: "ESRCH" });
});

test("with no launch nothing is run; a program that is not there is told", async () => {
  const feed = "<Feed a>\nLaunch nowhere-to-be-found -x\n</Feed>\n<Stream stat.html>\nFormat status\n</Stream>\n";
  for (const launch of [true, false]) {
    await using place = await FfserverPlace.open(feed, { launch });
    assert.doesNotMatch(await (await fetch(place.url("stat.html"))).text(), /program \d/);
  }
});

test("the start text says what encoders run, what players open, and who may not; mistakes end the start", async () => {
  await using place = await FfserverPlace.open(conf);
  const file = join(place.folder, "ffserver.conf");
  await using server = await startServerWith({}, "-f", file, "-n");
  const text = await server.program.said(/Ctrl\+C ends it/).then(() => server.program.stdout.toString("utf8"));
  const root = `http://127\\.0\\.0\\.1:${server.http}/`;
  for (const words of [
    `  ffmpeg -i INPUT ${root}roof\\.ffm`,
    `-f flv ${root}roof\\.ffm`,
    `${root}roof\\.flv  flv of roof\\.ffm`,
    "a feed without ACL takes encoders of this machine only: roof\\.ffm\\.",
    "there are no keys",
  ])
    assert.match(text, new RegExp(words));
  const bad = join(place.folder, "bad.conf");
  await writeFile(bad, "HTTPPort 8090\n<Stream a.flv>\nFeed b\n</Stream>\n");
  const ended = await start(process.execPath, [fileURLToPath(new URL("../src/cli.ts", import.meta.url)), "-f", bad]).finished;
  assert.deepEqual([ended.code, ended.stderr], [2, `millrace: ${bad}:3: Feed with name 'b' for stream 'a.flv' is not defined\n`]);
});

test("an ffserver.conf that is no good, or of ten megabytes, is told by file and line", async () => {
  await using place = await FfserverPlace.open(conf);
  const refused = async (text: string, words: RegExp): Promise<void> => {
    const file = join(place.folder, "bad.conf");
    await writeFile(file, text);
    await assert.rejects(
      readSettings({ ffserver: file, settings: [] }, {}),
      (error) => error instanceof ConfigError && words.test(error.message),
    );
  };
  await refused("HTTPPort 8090\nMaxClient 3\n", /bad\.conf:2: Incorrect keyword: 'MaxClient'/);
  await refused("HTTPPort 8090\n<Feed api>\n</Feed>\n", /bad\.conf:2: feeds\.api: cannot be the name of a stream/);
  await refused("# nothing\n".repeat(1024 * 1024), /longer than 1024 KiB/);
  await refused("<Feed f>\nFileMaxSize 0\n</Feed>\n", /bad\.conf:2: Invalid file size: '0'/);
});

test("what millrace import prints does the same as the file itself", async () => {
  await using place = await FfserverPlace.open(conf);
  const { importReport } = await import("../src/server/cli/import-report.ts");
  const yaml = join(place.folder, "millrace.yaml");
  await writeFile(yaml, await importReport({ operands: [join(place.folder, "ffserver.conf")] }, {}));
  const fromYaml = await readSettings({ config: yaml, settings: [] }, {});
  const fromConf = await readSettings({ ffserver: join(place.folder, "ffserver.conf"), settings: [] }, {});
  assert.deepEqual(fromYaml.config, fromConf.config);
  assert.match(await readFile(yaml, "utf8"), /^feeds:$/m);
});
