/** The examples do what they say. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "node:test";
import { makeClip } from "./support/clip.ts";
import { packetsOf } from "./support/packets.ts";
import { type RunningProgram, start, type StartOptions } from "./support/program.ts";

const seconds = 3;
let clip: string;

before(async () => {
  clip = await makeClip({ seconds });
});

function example(name: string, options: StartOptions = {}, ...args: readonly string[]): RunningProgram {
  return start(process.execPath, [fileURLToPath(new URL(`../examples/${name}`, import.meta.url)), ...args], options);
}

function publish(url: string): RunningProgram {
  return start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]);
}

const patience = (): AbortSignal => AbortSignal.timeout(20_000);

describe("examples", { concurrency: 2 }, () => {
  it("embed.ts tells of streams that come and go", async () => {
    await using program = example("embed.ts");
    const [, url] = await program.said(/publish to (\S+)/, patience());
    await using publisher = publish(url!);
    await program.said(/live live\/cam 0 viewers/, patience());
    await publisher.succeeded();
    await program.said(/lost live\/cam/, patience());
    await program.said(/ended live\/cam/, patience());
    const { code, stderr } = await program.stop();
    assert.deepEqual([code, stderr], [0, ""]);
  });

  it("frames.ts prints the sizes of key frames, and ends with the stream", async () => {
    await using program = example("frames.ts");
    const [, url] = await program.said(/publish to (\S+)/, patience());
    await using publisher = publish(url!);
    await publisher.succeeded();
    const { stdout } = await program.succeeded();
    const keys = (await packetsOf(clip)).filter(({ kind, isKey }) => kind === "video" && isKey);
    const expected = keys.map(({ ptsMicros, bytes }) => `${(ptsMicros! / 1e6).toFixed(3)} s: ${bytes} bytes`);
    const lines = stdout.toString("utf8").trim().split("\n").slice(1);
    assert.match(lines[0]!, /^start: avc1\.\w+, mp4a\.40\.2$/);
    assert.deepEqual(lines.slice(1, -1), expected);
    assert.match(lines.at(-1)!, /has ended; 0 times/);
  });

  for (const from of ["a file", "standard input"]) {
    it(`publish.ts publishes ${from}, and ends with it`, async () => {
      const input = from === "a file" ? {} : { input: await readFile(clip) };
      await using program = example("publish.ts", input, ...(from === "a file" ? [clip] : []));
      const [, base] = await program.said(/watch at (http:\S+)\/watch/, patience());
      const watching = packetsOf(`${base}/live/file.flv`);
      watching.catch(() => undefined); // the program may be over before it has connected
      await program.said(/on air: avc, aac/, patience());
      const { stdout } = await program.succeeded();
      assert.match(stdout.toString("utf8"), /the input has ended\n$/);
      if (from === "a file") assert.equal((await watching).length, (await packetsOf(clip)).length);
      else await watching.catch(() => undefined); // all of it came at once: a viewer gets what the ring still has
    });
  }

  it("publish.ts says what is wrong with what is no FLV", async () => {
    await using program = example("publish.ts", { input: Buffer.from("nonsense, and more than a header of it") });
    const { code, stderr } = await program.finished;
    assert.deepEqual([code, stderr], [0, "malformed: not FLV: the signature is missing\n"]);
  });
});
