/** `/APP/STREAM.jpg`: the newest key frame, made by FFmpeg once for all who ask. */
import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import type { ServerOptions } from "../src/index.ts";
import { jpegHead } from "../src/media/jpeg.ts";
import { makeClip } from "./support/clip.ts";
import { run } from "./support/program.ts";
import { Place } from "./interop/place.ts";

const name = "live/cam";

/** A server with a stream that has ended its file and is live. */
async function withStream(options: ServerOptions, clip: Parameters<typeof makeClip>[0] = {}): Promise<{ place: Place; url: string }> {
  const place = await Place.open(options);
  const bytes = await readFile(await makeClip({ seconds: 1, ...clip }));
  // A stream that is not closed stays live, and its newest key frame the same.
  const input = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(bytes)) });
  place.server.publish(name, input).catch(() => undefined);
  await place.until(() => place.server.stream(name).state === "live", "it is live");
  return { place, url: `http://127.0.0.1:${place.httpPort}/${name}.jpg` };
}

/** A program in FFmpeg's place. */
async function program(place: Place, script: string): Promise<string> {
  const path = place.file("sh");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("pictures of streams", () => {
  it("is the newest key frame, the same one for who has it, and for HEAD", async () => {
    const { place, url } = await withStream({});
    await using _ = place;
    const response = await fetch(url);
    const picture = new Uint8Array(await response.arrayBuffer());
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
    assert.deepEqual([response.headers.get("cache-control"), response.headers.get("access-control-allow-origin")], ["no-cache", "*"]);
    const { width, height } = jpegHead(picture)!;
    assert.deepEqual([width, height], [320, 180]);
    const tag = response.headers.get("etag")!;
    const again = await fetch(url, { headers: { "If-None-Match": `"other", ${tag}` } });
    assert.deepEqual([again.status, again.headers.get("etag"), (await again.arrayBuffer()).byteLength], [304, tag, 0]);
    const head = await fetch(url, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length"), head.headers.get("etag")], [200, String(picture.length), tag]);
  });

  it("of Motion JPEG is the newest picture itself, without FFmpeg", async () => {
    const clip = { video: "mjpeg", audio: false, container: "mkv" } as const;
    const { place, url } = await withStream({ transcode: { ffmpeg: "no-such-program" } }, clip);
    await using _ = place;
    const file = await makeClip({ seconds: 1, ...clip });
    const last = (await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-c", "copy", "-f", "mjpeg", "-"])).stdout;
    const got = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.ok(last.subarray(-got.length).equals(got), `${got.length} bytes`);
  });

  it("is refused in words where there is no FFmpeg, no leave, no picture, no stream, no video", async () => {
    const answer = async (url: string): Promise<[number, string]> => {
      const response = await fetch(url);
      return [response.status, await response.text()];
    };
    {
      const { place, url } = await withStream({ transcode: { ffmpeg: "no-such-program" } });
      await using _ = place;
      const words = "A picture of the stream has to be made by FFmpeg, which is not installed on this server.\n";
      assert.deepEqual(await answer(url), [501, words]);
      assert.deepEqual(await answer(url.replace("cam", "other")), [404, 'Nobody is publishing "live/other".\n']);
    }
    {
      const { place, url } = await withStream({ snapshots: { enabled: false } }, { video: false });
      await using _ = place;
      assert.deepEqual(await answer(url), [415, "The stream has no video.\n"]);
    }
    {
      const { place, url } = await withStream({ snapshots: { enabled: false } });
      await using _ = place;
      assert.match((await answer(url))[1], /which this server's settings do not allow \(snapshots\.enabled\)/);
      place.server.onPlay(() => {
        throw new Error("no");
      });
      assert.equal((await answer(url))[0], 401, "who may not watch may not have it");
    }
  });

  it("is made once, however many ask, and what hangs or fails is told and not tried at once again", async () => {
    await using place = await Place.open();
    const runs = place.file("runs");
    const asked = async (script: string, count: number): Promise<[number[], number]> => {
      await writeFile(runs, "");
      const ffmpeg = await program(place, `echo run >> ${runs}\n${script}`);
      const other = await withStream({ transcode: { ffmpeg }, snapshots: { timeout: "500ms", max: 1 } });
      await using _ = other.place;
      const answers = await Promise.all(Array.from({ length: count }, () => fetch(other.url).then(({ status }) => status)));
      answers.push(await fetch(other.url).then(({ status }) => status));
      return [answers, (await readFile(runs, "utf8")).length / 4];
    };
    assert.deepEqual(await asked("cat > /dev/null; printf '\\377\\330\\377\\331'", 10), [Array(11).fill(200), 1]);
    assert.deepEqual(await asked("sleep 60", 3), [Array(4).fill(503), 1], "it hangs");
    assert.deepEqual(await asked("echo no >&2; exit 1", 3), [Array(4).fill(503), 1], "it fails");
    assert.deepEqual(await asked("cat > /dev/null; echo nonsense", 3), [Array(4).fill(503), 1], "it writes no picture");
    assert.deepEqual(await asked("while :; do echo picture; done", 1), [Array(2).fill(503), 1], "it does not end");
  });
});
