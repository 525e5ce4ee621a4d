import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { run } from "../../../../test/support/program.ts";
import { joined } from "../../../bytes/joined.ts";
import { ProtocolError } from "../../../bytes/protocol-error.ts";
import { audioArguments, type Encodings, videoArguments } from "../encodings.ts";
import { transcodeFormats, usualEncodings } from "../formats.ts";
import { Cutter } from "./cutter.ts";

interface Cut {
  readonly header: Uint8Array;
  readonly chunks: readonly { readonly bytes: Uint8Array; readonly isStart: boolean }[];
}

function cut(pieces: readonly Uint8Array[], reader: ConstructorParameters<typeof Cutter>[0]): Cut {
  let header: Uint8Array | undefined;
  const chunks: { bytes: Uint8Array; isStart: boolean }[] = [];
  const cutter = new Cutter(reader, {
    header(bytes) {
      assert.equal(header, undefined, "one header");
      header = bytes;
    },
    chunk: (bytes, isStart) => void chunks.push({ bytes, isStart }),
  });
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return { header: header ?? new Uint8Array(0), chunks };
}

/** What FFmpeg writes of two seconds of a test picture and a tone. */
async function written(muxer: readonly string[], encodings: Encodings): Promise<Buffer> {
  const inputs = ["-f", "lavfi", "-i", "testsrc2=size=160x128:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];
  const maps = (args: readonly string[]): string[] => args.map((each) => each.replace("0:a:0?", "1:a:0"));
  const codecs = [...videoArguments(encodings.video, undefined), ...maps(audioArguments(encodings.audio))];
  return (await run("ffmpeg", ["-v", "error", "-nostdin", ...inputs, "-t", "2", ...codecs, "-f", ...muxer, "-"])).stdout;
}

/** Cuts of a file, at places that a seed tells. */
function cutUp(bytes: Buffer, seed: number): Buffer[] {
  const list: Buffer[] = [];
  let state = seed;
  for (let at = 0; at < bytes.length;) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    const length = 1 + (state % 3000);
    list.push(bytes.subarray(at, at + length));
    at += length;
  }
  return list;
}

describe("what FFmpeg writes is cut where viewers can join", { concurrency: 2 }, () => {
  for (const format of transcodeFormats) {
    it(format.name, async () => {
      const { muxer, ...codecs } = format;
      const encodings = usualEncodings(codecs, { video: true, audio: true });
      const wanted: Encodings = { ...encodings, ...(encodings.video && { video: { ...encodings.video, gop: 10 } }) };
      const bytes = await written(muxer, wanted);
      const whole = cut([bytes], format.reader(wanted));
      assert.deepEqual(Buffer.concat([whole.header, ...whole.chunks.map((chunk) => chunk.bytes)]), bytes, "nothing is lost");
      const starts = whole.chunks.filter(({ isStart }) => isStart);
      assert.ok(starts.length >= 4 && starts.length <= 12, `${starts.length} starts in five groups of pictures`);
      assert.ok(
        whole.chunks.slice(0, 2).some(({ isStart }) => isStart),
        "it begins with one, or with what says what follows",
      );
      for (const seed of [1, 2]) {
        const parted = cut(cutUp(bytes, seed), format.reader(wanted));
        assert.deepEqual(parted.header, whole.header);
        assert.deepEqual(joined(parted.chunks.map((chunk) => chunk.bytes)), joined(whole.chunks.map((chunk) => chunk.bytes)));
        assert.equal(parted.chunks.filter(({ isStart }) => isStart).length, starts.length, "the same places");
      }
      if (codecs.audio === undefined) return;
      const sound = usualEncodings(codecs, { video: false, audio: true });
      const heard = cut(cutUp(await written(muxer, sound), 3), format.reader(sound));
      assert.ok(heard.chunks.filter(({ isStart }) => isStart).length >= 3, "sound alone is joined anywhere");
    });
  }
});

test("garbage, and what only begins like the container, is refused and nothing else", () => {
  const beginnings = [
    "3026b2758e66cf11a6d900aa0062ce6c",
    "000001ba44",
    "52494646ffffffff41564920",
    "2e524d46",
    "465753",
    "4f676753",
    "000001b3",
  ];
  const bytes = fc.tuple(fc.constantFrom("", ...beginnings), fc.uint8Array({ maxLength: 300 })).map(([head, rest]) => {
    return Buffer.concat([Buffer.from(head, "hex"), rest]);
  });
  for (const format of transcodeFormats) {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 50 }), fc.boolean(), (data, length, hasVideo) => {
        const list = Array.from({ length: Math.ceil(data.length / length) }, (_, i) => data.subarray(i * length, (i + 1) * length));
        const encodings = usualEncodings(format, { video: hasVideo, audio: true });
        try {
          const { header, chunks } = cut(list, format.reader(encodings));
          assert.ok(header.length + chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0) <= data.length);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, `${format.name}: ${String(error)}`);
        }
      }),
    );
  }
});

test("a unit without an end is refused before it fills the memory", () => {
  const cutter = new Cutter({ next: () => undefined }, { header: () => undefined, chunk: () => undefined });
  assert.throws(
    () => {
      for (let i = 0; i < 18; i++) cutter.push(new Uint8Array(1024 * 1024));
    },
    (error: unknown) => error instanceof ProtocolError && error.code === "limit",
  );
});
