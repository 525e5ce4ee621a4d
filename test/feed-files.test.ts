/** Feeds that are kept in files: over a restart of the server, with what cannot be kept told. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Publication } from "../src/hub/publication.ts";
import { FeedFileError } from "../src/server/feeds/feed-file-error.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { audio, hexOf, picture, pictureMs, video } from "./contracts/media.ts";
import { flvReader } from "./contracts/readers.ts";
import { http } from "./contracts/ways.ts";
import { start } from "./support/program.ts";

const stream = "live/cam";

async function dataFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-feed-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function serverWith(data: string, clock: FakeClock, file = "cam.ring"): ComposedServer {
  return createServer({
    clock,
    data,
    auth: false,
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    // The clock is quicker than the disk.
    streams: { ringTime: "1m" },
    viewers: { waitForPublisher: "0s" },
    feeds: { [stream]: { file, maxSize: "4MiB" } },
  });
}

/** Publishes pictures in real time by the clock, a key frame a second. */
async function send(publication: Publication, clock: FakeClock, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    publication.frame(picture(number));
    const time = number * pictureMs;
    publication.frame({ track: audio.id, dts: time, pts: time, sap: 1, discardable: false, data: new Uint8Array(20).fill(number) });
    if (number % 5 === 4) await clock.advance(5 * pictureMs);
  }
}

function publish(server: ComposedServer): Publication {
  const publication = server.hub.publish(stream, { protocol: "test", address: "192.0.2.1", encoder: "one" });
  publication.track(video);
  publication.track(audio);
  return publication;
}

/** Looks once a millisecond: the disk and the sockets have real time, however fast the clock of the test goes. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await isTrue())) {
    assert.ok(performance.now() < end, "not in time");
    await sleep(1);
  }
}

/** Payloads of pictures that a viewer got, once there are so many. */
async function watched(server: ComposedServer, clock: FakeClock, query: string, count: number): Promise<string[]> {
  const viewer = http(server, `/${stream}.flv?${query}`, flvReader());
  const pictures = (): string[] => viewer.frames.filter(({ kind }) => kind === "video").map(({ data }) => data);
  await until(async () => {
    await clock.advance(10);
    return pictures().length >= count;
  });
  viewer.leave();
  return pictures();
}

const sent = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => hexOf(picture(from + i).data));

test("viewers go back over a restart of the server, before the encoder is back and after", { timeout: 30_000 }, async (t) => {
  const data = await dataFolder(t);
  const begun = Date.UTC(2026, 0, 1, 12);
  const first = new FakeClock(begun);
  {
    await using server = serverWith(data, first);
    await server.listen();
    const publication = publish(server);
    assert.throws(() => server.hub.publish(stream, { protocol: "test", address: "192.0.2.2", encoder: "two" }), { code: "busy" });
    await send(publication, first, 0, 500);
  }
  assert.deepEqual(await readdir(join(data, "feeds")), ["cam.ring"], "the lock is gone with the server");
  const second = new FakeClock(begun + 30_000);
  await using server = serverWith(data, second);
  await server.listen();
  const date = (seconds: number): string => `date=${new Date(begun + seconds * 1000).toISOString()}`;
  const early = await watched(server, second, `${date(5)}&pace=fast`, 374);
  assert.deepEqual(early, sent(125, 125 + early.length));
  const publication = publish(server);
  await send(publication, second, 500, 600);
  await until(async () => {
    await second.advance(200);
    return server.hub.streams.get(stream)!.keeper!.health.written > 0;
  });
  const pictures = await watched(server, second, `${date(10.5)}&pace=fast`, 349);
  assert.deepEqual(pictures, sent(250, 250 + pictures.length), "twenty seconds after what was before the restart");
  assert.equal(server.hub.streams.get(stream)!.clock.end >= 34_000, true, "the timeline has the time that the server was away");
});

test("a file that cannot be used keeps the server from starting, in words", async (t) => {
  const data = await dataFolder(t);
  const folder = join(data, "feeds");
  await mkdir(join(folder, "sub"), { recursive: true });
  await writeFile(join(folder, "notes"), "dear diary");
  await symlink(join(folder, "elsewhere"), join(folder, "link"));
  for (const [file, words] of [
    ["notes", /notes was not made by Millrace/],
    ["sub", /sub is a folder/],
    ["link", /link is a symbolic link/],
    ["notes/cam", /lies below something that is no folder/],
    ["/proc/cam", /cannot be used|may not|not there/],
  ] as const) {
    const server = serverWith(data, new FakeClock(), file);
    await assert.rejects(server.listen(), (error) => error instanceof FeedFileError && words.test(error.message));
    assert.equal(server.address("http"), undefined);
  }
  assert.equal(await readFile(join(folder, "notes"), "utf8"), "dear diary");
  const make = (maxSize: string) => () => createServer({ feeds: { a: { file: "a", maxSize: maxSize as "4MiB" } } });
  assert.throws(make("0B"), /feeds\.a\.maxSize: 0B is out of range: 1MiB to 1024GiB/);
  assert.throws(
    () => createServer({ feeds: { a: { file: "x" }, b: { file: "./x" } } }),
    /feeds\.b\.file: \.\/x is the file of the feed a too/,
  );
});

test("the command says which file cannot be used, and ends with code 1", { timeout: 60_000 }, async (t) => {
  const data = await dataFolder(t);
  const settings = join(data, "millrace.yaml");
  await writeFile(
    settings,
    `feeds:\n  live/cam:\n    file: ${settings}\nrtmp: { port: 0, host: 127.0.0.1 }\nhttp: { port: 0, host: 127.0.0.1 }\n`,
  );
  const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
  await using program = start(process.execPath, [cli, "--config", settings, "--data", data, "--no-auth"]);
  const { code, stderr } = await program.finished;
  assert.equal(code, 1);
  assert.match(stderr, /^millrace: the feed file .*millrace\.yaml was not made by Millrace; it is left as it is: name another file$/m);
});

test("a feed whose folder goes away is told in event and API, and kept again when it is back", { timeout: 30_000 }, async (t) => {
  const data = await dataFolder(t);
  const clock = new FakeClock();
  await using server = serverWith(data, clock);
  await server.listen();
  const told: boolean[] = [];
  server.on("feed", ({ stream: { name }, failing, file }) => {
    assert.deepEqual([name, file], [stream, join(data, "feeds/cam.ring")]);
    told.push(failing);
  });
  const publication = publish(server);
  const facts = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.address("http")!.port}/api/v1/streams/${stream}`);
    return ((await answer.json()) as { file: { failing: boolean; lost: number; written: number } }).file;
  };
  let number = 0;
  const sendUntil = (isTrue: () => boolean | Promise<boolean>): Promise<void> =>
    until(async () => {
      await send(publication, clock, number, number + 25);
      number += 25;
      return isTrue();
    });
  await sendUntil(async () => (await facts()).written > 0);
  await rename(join(data, "feeds"), join(data, "away"));
  await sendUntil(() => told.length === 1);
  assert.deepEqual([told, (await facts()).failing], [[true], true]);
  await rename(join(data, "away"), join(data, "feeds"));
  await sendUntil(() => told.length === 2);
  const { failing, lost } = await facts();
  assert.deepEqual([told, failing], [[true, false], false]);
  assert.ok(lost >= 0);
  assert.ok((await stat(join(data, "feeds/cam.ring"))).size > 4096);
});

test("a program that keeps no feed writes nothing", async (t) => {
  const data = await dataFolder(t);
  await using server = createServer({
    data,
    auth: false,
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    feeds: { a: {} },
  });
  await server.listen();
  assert.deepEqual(await readdir(data), []);
  assert.equal(server.hub.archive("a"), undefined);
});
