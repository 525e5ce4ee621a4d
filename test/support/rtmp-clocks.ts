/** Publishers whose time stamps wrap, jump or disagree, and what a viewer must see of them: every frame, in order, without a hole. */
import assert from "node:assert/strict";
import { MessageType, type Message } from "../../src/protocols/rtmp/message.ts";
import { RtmpClient } from "./rtmp-client.ts";
import { audioBody, sendHeaders, videoBody } from "./rtmp-media.ts";

interface BadClock {
  readonly name: string;
  /** Stamp of the video frame of that number; frames are 40 ms long. */
  readonly stamp: (frame: number) => number;
  /** Milliseconds that sound is stamped apart from the picture; 1 if not given. */
  readonly apart?: number;
  /** Composition time, milliseconds; 0 if not given. */
  readonly composition?: number;
}

const frames = 100;
/** The number of the frame at which the clock does what it does. */
const turn = 50;
/** A gap that a viewer's player bridges. Milliseconds. */
const longestGap = 1000;

const wraps = (modulus: number) => (frame: number) => (modulus - turn * 40 + frame * 40 + 7) % modulus;
const jumps = (by: number) => (frame: number) => 100_000 + frame * 40 + (frame < turn ? 0 : by);

const clocks: readonly BadClock[] = [
  { name: "stamps that wrap at 24 bits", stamp: wraps(2 ** 24) },
  { name: "stamps that wrap at 31 bits", stamp: wraps(2 ** 31) },
  { name: "stamps that wrap at 32 bits", stamp: wraps(2 ** 32) },
  { name: "stamps that pass 24 bits", stamp: (frame) => 2 ** 24 - turn * 40 + frame * 40 },
  { name: "a jump of an hour forward", stamp: jumps(3_600_000) },
  { name: "a jump of a minute back", stamp: jumps(-60_000) },
  { name: "composition times below 0", stamp: jumps(0), composition: -80 },
  { name: "clocks of sound and picture an hour apart", stamp: jumps(0), apart: 3_600_000 },
];

/** A video message with a composition time. */
function video(frame: number, composition: number): Uint8Array {
  const body = videoBody(frame % 25 === 0, frame);
  body[2] = (composition >> 16) & 0xff;
  body[3] = (composition >> 8) & 0xff;
  body[4] = composition & 0xff;
  return body;
}

async function publishWith(port: number, { stamp, apart = 1, composition = 0 }: BadClock): Promise<void> {
  using publisher = await RtmpClient.connect(port);
  using viewer = await RtmpClient.connect(port);
  const name = `clock-${publisher.socket.localPort}`;
  const id = await publisher.publish("bad", name);
  const send = (frame: number): void => {
    publisher.send(6, MessageType.video, stamp(frame), id, video(frame, composition));
    publisher.send(4, MessageType.audio, (stamp(frame) + apart) >>> 0, id, audioBody(frame));
  };
  const mediaOf = (type: number): Message[] => viewer.of(type).filter((message) => message.body[1] === 1);
  sendHeaders(publisher, id);
  send(0);
  await viewer.play("bad", name);
  for (let frame = 1; frame <= frames; frame++) {
    // No more at once than the server keeps for who is behind, and nothing before the viewer has begun.
    if (frame % 20 === 1) await viewer.message(() => mediaOf(MessageType.audio).length === frame);
    if (frame < frames) send(frame);
  }
  publisher.command(id, "publish", null, false);
  await publisher.status("NetStream.Unpublish.Success");
  await viewer.status("NetStream.Play.Stop");
  for (const type of [MessageType.video, MessageType.audio]) {
    const media = mediaOf(type);
    assert.equal(media.length, frames, `messages of type ${type}`);
    assertSmooth(media);
  }
}

function assertSmooth(media: readonly Message[]): void {
  for (let i = 1; i < media.length; i++) {
    const step = media[i]!.timestamp - media[i - 1]!.timestamp;
    assert.ok(step > 0 && step < longestGap, `a step of ${step} ms at frame ${i}`);
  }
}

/** Each publishes a few seconds of media to a viewer of its own, and leaves. */
export const badClocks: readonly { readonly name: string; readonly run: (port: number) => Promise<void> }[] = clocks.map((clock) => ({
  name: clock.name,
  run: (port) => publishWith(port, clock),
}));
