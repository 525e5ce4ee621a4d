import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import * as control from "./control.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const { readControl, UserControlEvent } = control;

/** [what we send, its bytes on the wire, how it reads back]. */
const cases: readonly (readonly [Uint8Array, string, control.Control | undefined])[] = [
  [control.setChunkSize(60000), "02000000000004010000000000 00ea60", undefined],
  [control.abort(4), "020000000000040200000000 00000004", undefined],
  [control.acknowledgement(0xfffffffe), "020000000000040300000000 fffffffe", { kind: "acknowledgement", received: 0xfffffffe }],
  [control.windowAcknowledgementSize(2500000), "020000000000040500000000 002625a0", { kind: "windowAcknowledgementSize", bytes: 2500000 }],
  [control.setPeerBandwidth(2500000, 2), "020000000000050600000000 002625a002", { kind: "setPeerBandwidth", bytes: 2500000, limit: 2 }],
  [
    control.userControl(UserControlEvent.streamBegin, 1),
    "020000000000060400000000 000000000001",
    { kind: "streamEvent", event: 0, streamId: 1 },
  ],
  [control.userControl(UserControlEvent.pingRequest, 77), "020000000000060400000000 00060000004d", { kind: "pingRequest", time: 77 }],
  [control.userControl(UserControlEvent.pingResponse, 77), "020000000000060400000000 00070000004d", { kind: "pingResponse", time: 77 }],
  [
    control.setBufferLength(1, 3000),
    "0200000000000a0400000000 00030000000100000bb8",
    { kind: "setBufferLength", streamId: 1, milliseconds: 3000 },
  ],
];

describe("control messages", () => {
  it("have the known bytes and read back", () => {
    for (const [bytes, expected, meaning] of cases) {
      assert.equal(hex(bytes), expected.replaceAll(" ", ""));
      if (meaning !== undefined) assert.deepEqual(readControl(bytes[7]!, bytes.subarray(12)), meaning);
    }
  });

  it("never throw but a ProtocolError", () => {
    fc.assert(
      fc.property(fc.nat({ max: 7 }), fc.uint8Array({ maxLength: 12 }), (type, body) => {
        try {
          readControl(type, body);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});
