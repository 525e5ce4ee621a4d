/** Motion JPEG: what FFmpeg published in Matroska comes out as multipart and bare, picture for picture, and `<img>` of Chromium moves. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { jpegHead, wholeJpeg } from "../../src/media/jpeg.ts";
import { launchChromium } from "../support/chromium.ts";
import { Place } from "../interop/place.ts";
import { curl, ffmpeg5, ffmpeg8, mpv } from "../interop/players.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";

const name = "live/cam";
const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");
const clip = { video: "mjpeg", audio: false, container: "mkv" } as const;

function publish(file: string, url: string): ReturnType<typeof start> {
  const args = ["-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", "matroska", "-cluster_time_limit", "50"];
  return start("ffmpeg", [...args, "-method", "POST", url]);
}

/** The pictures of a multipart body, by the lengths in its parts' heads. */
function parts(body: Buffer): Buffer[] {
  const pictures: Buffer[] = [];
  let at = body.indexOf("--ffserver\r\n") + 12;
  while (at < body.length) {
    const [head, length = ""] =
      /^Content-type: image\/jpeg\r\nContent-length: (\d+)\r\n\r\n/.exec(body.toString("latin1", at, at + 200)) ?? [];
    assert.ok(head !== undefined, `a part begins at ${at}`);
    at += head.length;
    pictures.push(body.subarray(at, at + Number(length)));
    at += Number(length);
    assert.equal(body.toString("latin1", at, at + 14), "\r\n--ffserver\r\n");
    at += 14;
  }
  return pictures;
}

describe("Motion JPEG", () => {
  it("is played by FFmpeg 5.1 and 8.1, mpv and curl, every picture the same bytes", async () => {
    await using place = await Place.open();
    const file = await makeClip(clip);
    const url = `http://127.0.0.1:${place.httpPort}/${name}`;
    const body = fetch(`${url}.mjpg`).then(async (response) => {
      assert.equal(response.headers.get("content-type"), "multipart/x-mixed-replace;boundary=ffserver");
      return Buffer.from(await response.arrayBuffer());
    });
    const playing = Promise.all([
      ffmpeg5.play(`${url}.mjpg`, place),
      ffmpeg5.play(`${url}.mjpeg`, place),
      ffmpeg8.play(`${url}.mjpg`, place),
      curl.play(`${url}.mjpeg`, place),
      mpv.play(`${url}.mjpeg`, place),
    ]);
    const failed = Promise.all([body, playing]);
    failed.catch(() => undefined);
    await place.waiting(6);
    await using publishing = publish(file, url);
    await publishing.succeeded();
    const sent = (await packetsOf(file)).map((packet) => packet.md5);
    const got = [parts(await body).map(md5), ...(await playing).map((packets) => packets.map((packet) => packet.md5))];
    for (const [i, pictures] of got.entries()) {
      assert.ok(pictures.length >= sent.length - 10, `player ${i} got ${pictures.length} of ${sent.length}`);
      assert.deepEqual(pictures, sent.slice(-pictures.length), `player ${i}`);
    }
  });

  it("moves in an <img> of Chromium", async () => {
    await using place = await Place.open();
    const url = `http://127.0.0.1:${place.httpPort}/${name}`;
    await using publishing = publish(await makeClip({ ...clip, seconds: 30 }), url);
    await place.until(() => place.server.stream(name).state === "live", "it is live");
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 320, height: 180 } });
      await page.goto(`http://127.0.0.1:${place.httpPort}/health`);
      await page.evaluate(`document.body.innerHTML = '<img src="${url}.mjpg" style="position:fixed;inset:0">'`);
      await page.waitForFunction("document.querySelector('img').naturalWidth === 320");
      const first = await page.screenshot();
      for (let tries = 0; (await page.screenshot()).equals(first); tries++) assert.ok(tries < 100, "the picture moves");
    } finally {
      await browser.close();
    }
    await publishing.stop();
  });

  it("a stream without Motion JPEG is refused in words", async () => {
    await using place = await Place.open();
    const url = `http://127.0.0.1:${place.httpPort}/${name}`;
    await using publishing = publish(await makeClip({ seconds: 4, container: "mkv" }), url);
    await place.until(() => place.server.stream(name).state === "live", "it is live");
    const response = await fetch(`${url}.mjpg`);
    assert.deepEqual([response.status, await response.text()], [415, "Motion JPEG has pictures of that codec only, not of H.264.\n"]);
    await publishing.stop();
  });

  it("pictures that lack their tables are decoded by FFmpeg as those that have them", async () => {
    await using place = await Place.open();
    const [whole, mended] = [place.file("mjpeg"), place.file("mjpeg")];
    const file = await makeClip(clip);
    await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-c", "copy", "-frames:v", "1", "-f", "mjpeg", whole]);
    const picture = await readFile(whole);
    const without = withoutTables(picture);
    assert.equal(jpegHead(without)?.hasTables, false);
    await writeFile(mended, Buffer.concat(wholeJpeg(without)));
    assert.equal(await decoded(mended), await decoded(whole));
  });
});

async function decoded(file: string): Promise<string> {
  return (await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-f", "framemd5", "-"])).stdout.toString("utf8");
}

function withoutTables(picture: Buffer): Buffer {
  const at = picture.indexOf(Buffer.from([0xff, 0xc4]));
  return Buffer.concat([picture.subarray(0, at), picture.subarray(at + 2 + picture.readUInt16BE(at + 2))]);
}
