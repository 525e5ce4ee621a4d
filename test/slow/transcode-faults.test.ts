/** FFmpeg that is absent, not allowed, fails, hangs, floods, dies or is wanted too often: what viewers are told, and what is left of it. */
import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import type { ServerOptions } from "../../src/index.ts";
import { Place } from "../interop/place.ts";
import { makeClip } from "../support/clip.ts";
import { programPath, start, type RunningProgram } from "../support/program.ts";

const name = "live/cam";
const ffmpeg = programPath("ffmpeg");

/** A live stream, and a server that has a script of the test in FFmpeg's place. Every run of it leaves its process id behind. */
class Stage implements AsyncDisposable {
  readonly place: Place;
  readonly #runs: string;
  readonly #publishing: RunningProgram;
  readonly #scripts: Place;

  private constructor(place: Place, runs: string, publishing: RunningProgram, scripts: Place) {
    this.place = place;
    this.#runs = runs;
    this.#publishing = publishing;
    this.#scripts = scripts;
  }

  static async open(script: string, settings: ServerOptions["transcode"] = {}): Promise<Stage> {
    // Settings are read before there is a folder for the script: it has one of its own.
    const scripts = await Place.open({ rtmp: { enabled: false } });
    const [path, runs] = [scripts.file("sh"), scripts.file("runs")];
    await writeFile(path, `#!/bin/sh\necho $$ >> ${runs}\n${script}\n`);
    await writeFile(runs, "");
    await chmod(path, 0o755);
    const place = await Place.open({ transcode: { enabled: true, ffmpeg: path, linger: "0s", startTimeout: "20s", ...settings } });
    const clip = await makeClip({ seconds: 10 });
    const publishing = start("ffmpeg", [
      "-v",
      "error",
      "-nostdin",
      "-re",
      "-stream_loop",
      "-1",
      "-i",
      clip,
      "-c",
      "copy",
      "-f",
      "flv",
      place.rtmp(name),
    ]);
    const stage = new Stage(place, runs, publishing, scripts);
    await place.until(() => place.server.stream(name).state === "live", "it is live");
    return stage;
  }

  url(ending: string): string {
    return `http://127.0.0.1:${this.place.httpPort}/${name}.${ending}`;
  }

  /** Status and words of an answer, which is not read on. */
  async answer(ending: string): Promise<[status: number, words: string]> {
    const response = await fetch(this.url(ending));
    if (response.ok) await response.body!.cancel();
    return [response.status, response.ok ? "" : await response.text()];
  }

  /** The process ids of its runs. */
  async runs(): Promise<number[]> {
    return (await readFile(this.#runs, "utf8"))
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }

  /** Resolves when none of its runs is there any more. */
  async untilGone(): Promise<void> {
    const pids = await this.runs();
    await this.place.until(() => pids.every((pid) => !isThere(pid)), "all processes are gone");
  }

  stopPublishing(): Promise<unknown> {
    return this.#publishing.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publishing[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
    await this.#scripts[Symbol.asyncDispose]();
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Reads so many bytes of a response. */
async function readBytes(response: Response, count: number): Promise<void> {
  assert.equal(response.status, 200);
  const reader = response.body!.getReader();
  for (let length = 0; length < count;) {
    const { done, value } = await reader.read();
    assert.ok(!done, `it ended after ${length} bytes`);
    length += value.length;
  }
  await reader.cancel();
}

const failed = [503, "FFmpeg could not make this of the stream; the server's log says why.\n"] as const;

describe("FFmpeg and its faults", { concurrency: 2 }, () => {
  it("is not started where it is not allowed or not installed", async () => {
    await using forbidden = await Stage.open(`exec ${ffmpeg} "$@"`, { enabled: false });
    const words = "ASF has to be made by FFmpeg, which this server's settings do not allow (transcode.enabled).\n";
    assert.deepEqual(await forbidden.answer("asf"), [501, words]);
    assert.equal((await forbidden.answer("webm"))[0], 415, "what it is not made for is refused as ever");
    const head = await fetch(forbidden.url("asf"), { method: "HEAD" });
    assert.equal(head.status, 501);
    await using absent = await Stage.open("", { ffmpeg: "/no/such/program" });
    assert.deepEqual(await absent.answer("asf"), [501, "ASF has to be made by FFmpeg, which is not installed on this server.\n"]);
    assert.deepEqual([await forbidden.runs(), await absent.runs()], [[], []]);
  });

  it("runs once for all who want the same, as often as is allowed, and ends with its last viewer", async () => {
    await using stage = await Stage.open(`exec ${ffmpeg} "$@"`, { max: 1 });
    const head = await fetch(stage.url("mpg"), { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-type")], [200, "video/mpeg"]);
    assert.deepEqual(await stage.runs(), [], "HEAD begins nothing");
    const viewers = await Promise.all([1, 2, 3].map(() => fetch(stage.url("mpg"))));
    assert.equal((await stage.runs()).length, 1);
    assert.deepEqual(await stage.answer("asf"), [503, "This server has 1 conversions by FFmpeg running, which is as many as it takes.\n"]);
    await stage.place.until(() => stage.place.server.stream(name).viewers === 3, "three viewers are counted");
    await Promise.all(viewers.map((viewer) => readBytes(viewer, 10_000)));
    await stage.untilGone();
    await readBytes(await fetch(stage.url("asf")), 10_000);
  });

  it("is told nothing of the server, and nothing that a viewer wrote", async () => {
    process.env["MILLRACE_TEST_SECRET"] = "sesame";
    await using stage = await Stage.open(`env > "$0.env"; echo "$@" > "$0.args"; exec ${ffmpeg} "$@"`);
    await readBytes(await fetch(`${stage.url("mpg")}?only=video&key=sesame&x=%24(id)`), 10_000);
    const script = (stage.place.server.config.transcode as { ffmpeg: string }).ffmpeg;
    const [environment, args] = await Promise.all([readFile(`${script}.env`, "utf8"), readFile(`${script}.args`, "utf8")]);
    delete process.env["MILLRACE_TEST_SECRET"];
    assert.doesNotMatch(environment + args, /sesame|MILLRACE|HOME=|live|cam|id\)/);
    assert.match(args, /-an .*-f vob pipe:1$/m);
  });

  it("that fails at once is told, and not tried again for every viewer", async () => {
    await using stage = await Stage.open("echo cannot >&2; exit 1");
    assert.deepEqual(await Promise.all([stage.answer("asf"), stage.answer("asf")]), [[...failed], [...failed]]);
    assert.deepEqual(await stage.answer("asf"), [...failed]);
    assert.equal((await stage.runs()).length, 1);
  });

  it("that hangs is ended", async () => {
    await using stage = await Stage.open("sleep 600", { startTimeout: "1s" });
    assert.deepEqual(await stage.answer("asf"), [...failed]);
    await stage.untilGone();
  });

  it("that writes nonsense is ended", async () => {
    await using stage = await Stage.open("cat /dev/urandom");
    assert.deepEqual(await stage.answer("asf"), [...failed]);
    assert.deepEqual(await stage.answer("webm"), [...failed]);
    await stage.untilGone();
  });

  it("that says too much does its work", async () => {
    await using stage = await Stage.open(`yes nonsense | head -c 20000000 >&2; exec ${ffmpeg} "$@"`);
    await readBytes(await fetch(stage.url("mpg")), 50_000);
  });

  it("that dies is started again, and who can goes on", async () => {
    await using stage = await Stage.open(`exec timeout -s KILL 4 ${ffmpeg} "$@"`);
    const pictures = await fetch(stage.url("mjpg"));
    const reader = pictures.body!.getReader();
    while ((await stage.runs()).length < 2) assert.ok(!(await reader.read()).done);
    const second = performance.now();
    while (performance.now() - second < 2000) assert.ok(!(await reader.read()).done, "pictures go on with the second");
    await reader.cancel();
    await stage.untilGone();
  });

  it("ends with the stream, and its viewers get all of it", async () => {
    await using stage = await Stage.open(`exec ${ffmpeg} "$@"`);
    const viewer = await fetch(stage.url("avi"));
    const reader = viewer.body!.getReader();
    await reader.read();
    await stage.stopPublishing();
    while (!(await reader.read()).done);
    await stage.untilGone();
  });

  it("ends with the server", async () => {
    await using stage = await Stage.open(`exec ${ffmpeg} "$@"`);
    const viewer = await fetch(stage.url("mpg"));
    const reader = viewer.body!.getReader();
    await reader.read();
    await stage.place.server.close(2000);
    while (!(await reader.read()).done);
    await stage.untilGone();
  });
});
