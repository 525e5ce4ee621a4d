/** WebSocket frames as a server sends them: final, unmasked, RFC 6455 5.2. */
import type { Framing } from "../../hub/framing.ts";
import type { MuxedInit } from "../../media/muxer.ts";

const opcode = { text: 1, binary: 2 } as const;
const final = 0x80;
const nothing = new Uint8Array(0);

/** One binary message for each chunk; a container's header is one too, after a text message that describes it. */
export const wsFraming: Framing = {
  name: "ws",
  before: (length) => frameHead(opcode.binary, length),
  after: nothing,
  start: (init) => described(init, init.bytes),
  change: (init) => init.change && described(init, init.change),
};

function described(init: MuxedInit, bytes: Uint8Array): Uint8Array {
  const text = init.description === undefined ? nothing : textMessage(init.description);
  return bytes.length === 0 ? text : join(text, message(opcode.binary, bytes));
}

/** Words as a whole message. */
export function textMessage(words: string): Uint8Array {
  return message(opcode.text, new TextEncoder().encode(words));
}

/** A whole message in one frame. */
function message(type: number, payload: Uint8Array): Uint8Array {
  return join(frameHead(type, payload.length), payload);
}

/** The head of an unmasked final frame: 2, 4 or 10 bytes. */
export function frameHead(type: number, length: number): Uint8Array {
  const head = new Uint8Array(length < 126 ? 2 : length < 0x1_0000 ? 4 : 10);
  const view = new DataView(head.buffer);
  view.setUint8(0, final | type);
  if (length < 126) {
    view.setUint8(1, length);
  } else if (length < 0x1_0000) {
    view.setUint8(1, 126);
    view.setUint16(2, length);
  } else {
    view.setUint8(1, 127);
    view.setBigUint64(2, BigInt(length));
  }
  return head;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
