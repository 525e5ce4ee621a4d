/** Sound alone: published as ADTS, MP3 and Matroska over HTTP; as ADTS, MP3, Ogg and WAV it is what FFmpeg published, and Chromium plays it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { launchChromium } from "../support/chromium.ts";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import type { RunningProgram } from "../support/program.ts";
import { run, start } from "../support/program.ts";
import { Place } from "../interop/place.ts";

const name = "radio/one";

interface Case {
  /** What is heard, and as what. */
  readonly audio: NonNullable<ClipOptions["audio"]>;
  readonly played: "aac" | "mp3" | "ogg" | "wav";
  /** FFmpeg's muxer, with which it is published. */
  readonly published: "adts" | "mp3" | "matroska";
  /** How FFmpeg is made to show frames without what stands around them. */
  readonly filter?: readonly string[];
}

const cases: readonly Case[] = [
  { audio: "aac", published: "adts", played: "aac", filter: ["-bsf:a", "aac_adtstoasc"] },
  { audio: "mp3", published: "mp3", played: "mp3" },
  { audio: "opus", published: "matroska", played: "ogg" },
  { audio: "flac", published: "matroska", played: "ogg" },
  { audio: "vorbis", published: "matroska", played: "ogg" },
  { audio: "pcm-le", published: "matroska", played: "wav" },
  { audio: "pcm-alaw", published: "matroska", played: "wav" },
];

function publish(clip: string, format: string, url: string): RunningProgram {
  const muxer = format === "matroska" ? [format, "-cluster_time_limit", "50"] : [format];
  return start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", ...muxer, "-method", "POST", url]);
}

/** Hashes of the packets of a file or stream; of PCM, which has no packets of its own, all samples. */
async function hashes(source: string, { filter = [], played }: Case): Promise<string[]> {
  if (played === "wav")
    return [(await run("ffmpeg", ["-v", "error", "-nostdin", "-i", source, "-f", "s16le", "-"])).stdout.toString("hex")];
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", source, "-c", "copy", ...filter, "-f", "framemd5", "-"]);
  const lines = stdout.toString("utf8").split("\n");
  return lines.filter((line) => /^\d/.test(line)).map((line) => line.split(",")[5]!.trim());
}

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser?.close());

/** Asserts that an audio element plays. @param source JavaScript for its URL */
async function plays(source: string): Promise<void> {
  const page = await browser.newPage();
  try {
    const heard = await page.evaluate<{ time: number; bytes: number; error?: string }>(`(async () => {
      const audio = new Audio(${source});
      audio.play().catch(() => undefined);
      const end = performance.now() + 15000;
      while (!(audio.currentTime > 1 && audio.webkitAudioDecodedByteCount > 0) && audio.error === null && performance.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return { time: audio.currentTime, bytes: audio.webkitAudioDecodedByteCount, error: audio.error?.message };
    })()`);
    assert.ok(heard.time > 1 && heard.bytes > 0, JSON.stringify(heard));
  } finally {
    await page.close();
  }
}

describe("what is published as sound comes back, and Chromium plays it", { concurrency: 2 }, () => {
  for (const each of cases) {
    it(`${each.audio}, by ${each.published} to ${each.played}`, async () => {
      await using place = await Place.open();
      const clip = await makeClip({ seconds: 3, video: false, audio: each.audio, container: "mkv" });
      const url = `http://127.0.0.1:${place.httpPort}/${name}`;
      const listening = fetch(`${url}.${each.played}`).then(async (response) => Buffer.from(await response.arrayBuffer()));
      listening.catch(() => undefined);
      await place.waiting(1);
      await using publishing = publish(clip, each.published, url);
      await publishing.succeeded();
      const bytes = await listening;
      const file = place.file(each.played);
      await writeFile(file, bytes);
      const [got, sent] = [await hashes(file, each), await hashes(clip, { ...each, filter: [] })];
      // Who waits gets what comes from the beginning on, but what came in one read before there was a place to start at.
      if (each.played === "wav") assert.ok(sent[0]!.endsWith(got[0]!) && got[0]!.length > sent[0]!.length / 2);
      else {
        assert.ok(got.length > 15 && got.length >= sent.length - 15, `${got.length} of ${sent.length} packets`);
        assert.deepEqual(got, sent.slice(-got.length));
      }
      await plays(`URL.createObjectURL(new Blob([Uint8Array.from(atob("${bytes.toString("base64")}"), (byte) => byte.charCodeAt(0))]))`);
    });
  }

  it("an audio element plays Opus in Ogg while it is published", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 20, video: false, audio: "opus", container: "mkv" });
    await using publishing = publish(clip, "matroska", `http://127.0.0.1:${place.httpPort}/${name}`);
    await place.until(() => place.server.stream(name).state === "live", "it is live");
    await plays(`"http://127.0.0.1:${place.httpPort}/${name}.ogg"`);
    await publishing.stop();
  });

  it("what a container of sound cannot carry is refused in words", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 4 });
    await using publishing = publish(clip, "flv", `http://127.0.0.1:${place.httpPort}/${name}`);
    await place.until(() => place.server.stream(name).state === "live", "it is live");
    const answers = await Promise.all(
      ["aac", "mp3", "ogg", "wav"].map(async (ending) => {
        const response = await fetch(`http://127.0.0.1:${place.httpPort}/${name}.${ending}`);
        return [response.status, response.ok ? (await response.body?.cancel(), "") : await response.text()];
      }),
    );
    assert.deepEqual(answers, [
      [200, ""],
      [415, "an MP3 stream carries MP3 and MP2, not AAC.\n"],
      [415, "Ogg carries Opus, FLAC and Vorbis here, not AAC.\n"],
      [415, "WAV carries uncompressed PCM and G.711 here, not AAC.\n"],
    ]);
    await publishing.stop();
  });
});
