import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { hasMpeg4Headers, readMpeg4Picture, readMpegPicture } from "./mpeg-video.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** ffmpeg 5.1: 320 by 192, 25 a second; MPEG-2 with its extension. */
const sequence = "000001b3 1400c013 ffffe018";
const extension = "000001b5 148200010000";
const closedGroup = "000001b8 00080040";
const openGroup = "000001b8 00080000";
const picture = (type: number): string => `00000100 ${(type << 3).toString(16).padStart(4, "0")} fff8`;
const slice = "00000101 2bfc";

describe("MPEG-1 and MPEG-2 pictures", () => {
  it("say their size, their rate and which of the two they are", () => {
    const first = readMpegPicture(hex(`${sequence} ${closedGroup} ${picture(1)} ${slice}`));
    assert.deepEqual(first?.sequence, { codec: "mpeg1video", config: new Uint8Array(0), width: 320, height: 192, frameRate: 25 });
    const second = readMpegPicture(hex(`${sequence} ${extension} ${closedGroup} ${picture(1)} ${slice}`));
    assert.deepEqual(second?.sequence, { codec: "mpeg2video", config: new Uint8Array(0), width: 320, height: 192, frameRate: 25 });
    // Twice as fast, and 4096 wider: 4416.
    const larger = readMpegPicture(hex(`${sequence} 000001b5 1482 8001 0020 ${picture(1)}`));
    assert.deepEqual([larger?.sequence?.width, larger?.sequence?.height, larger?.sequence?.frameRate], [320 + 4096, 192, 50]);
  });

  it("say where decoding may start, and which may be left out", () => {
    const access = (text: string): unknown => readMpegPicture(hex(text))?.access;
    assert.deepEqual(access(`${sequence} ${closedGroup} ${picture(1)}`), { sap: 1, discardable: false });
    assert.deepEqual(access(`${sequence} ${openGroup} ${picture(1)}`), { sap: 3, discardable: false });
    assert.deepEqual(access(`${sequence} ${picture(1)}`), { sap: 3, discardable: false });
    assert.deepEqual(access(`${openGroup} ${picture(1)}`), { sap: 0, discardable: false });
    assert.deepEqual(access(picture(2)), { sap: 0, discardable: false });
    assert.deepEqual(access(picture(3)), { sap: 0, discardable: true });
    for (const none of ["", slice, sequence, "000001"]) assert.equal(access(none), undefined, none);
  });
});

describe("MPEG-4 pictures", () => {
  /** ffmpeg 5.1: 320 by 192, no fixed rate; user data behind the layer. */
  const headers = "000001b0f1 000001b5a913 00000100 00000120 08d48d0800cd0a041814103f 000001b2 4c617663";
  const [intra, predicted, bidirectional] = ["000001b6 10", "000001b6 51", "000001b6 91"];

  it("have the headers that decoders begin with, and say their size", () => {
    const first = readMpeg4Picture(hex(`${headers} ${intra}`));
    assert.deepEqual(first?.sequence, { codec: "mpeg4", config: hex(headers), width: 320, height: 192, frameRate: 0 });
    assert.deepEqual(readMpeg4Picture(hex(`${headers} 000001b3 0010 07 ${intra}`))?.sequence?.config, hex(headers));
    assert.ok(hasMpeg4Headers(hex(headers)) && !hasMpeg4Headers(hex(`${intra} ${headers}`)) && !hasMpeg4Headers(hex("")));
  });

  it("with a control of the buffer, an aspect of its own and a fixed rate are read as well", () => {
    // random access 0, type 1, version 1 priority 1, aspect 15: 12 by 11, 4:2:0 low delay, buffer; 25 ticks, 1 a picture; 352 by 288.
    const bits = [
      "0",
      "00000001",
      "1",
      "0001",
      "001",
      "1111",
      "00001100",
      "00001011",
      "1",
      "01",
      "0",
      "1",
      "0".repeat(79),
      "00",
      "1",
      "0000000000011001",
      "1",
      "1",
      "00001",
      "1",
    ];
    const size = [(352).toString(2).padStart(13, "0"), "1", (288).toString(2).padStart(13, "0"), "1"];
    const text = [...bits, ...size].join("");
    const layer = (text.padEnd(Math.ceil(text.length / 8) * 8, "0").match(/.{8}/g) ?? []).map((byte) =>
      Number.parseInt(byte, 2).toString(16).padStart(2, "0"),
    );
    const { sequence: read } = readMpeg4Picture(hex(`00000120 ${layer.join("")} ${intra}`))!;
    assert.deepEqual([read?.width, read?.height, read?.frameRate], [352, 288, 25]);
  });

  it("say where decoding may start, and which may be left out", () => {
    const access = [intra, predicted, bidirectional].map((text) => readMpeg4Picture(hex(text))?.access);
    assert.deepEqual(access, [
      { sap: 1, discardable: false },
      { sap: 0, discardable: false },
      { sap: 0, discardable: true },
    ]);
    assert.equal(readMpeg4Picture(hex(headers)), undefined);
  });
});

it("any bytes are a picture, none, or refused", () => {
  const code = fc.constantFrom("00000100", "000001b3", "000001b5", "000001b8", "000001b6", "00000120", "000001");
  fc.assert(
    fc.property(fc.array(fc.oneof(code.map(hex), fc.uint8Array({ maxLength: 20 })), { maxLength: 10 }), (parts) => {
      const data = Uint8Array.from(parts.flatMap((part) => [...part]));
      for (const read of [readMpegPicture, readMpeg4Picture]) {
        try {
          read(data);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
      hasMpeg4Headers(data);
    }),
    { numRuns: 1000 },
  );
});
