import { amfObject, encodeAmf0 } from "../../src/containers/flv/amf0.ts";
import { MessageType } from "../../src/protocols/rtmp/message.ts";
import type { RtmpClient } from "./rtmp-client.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** Bodies of messages as an encoder sends them: a real H.264 configuration, invented slices behind real NAL headers. */
export const avcHeader = hex(
  "17 00 000000 01f4000d ffe1 0019 67f4000d919b28283f6022000003000200000300641e28532c 01 0006 68ebe3c44844 fff8f800",
);
export const aacHeader = hex("af 00 1190");
export const metadata = encodeAmf0("@setDataFrame", "onMetaData", amfObject({ videocodecid: 7, audiocodecid: 10, title: "test" }));

/** A video message of about `length` bytes that no other `mark` shares. */
export function videoBody(key: boolean, mark: number, length = 40): Uint8Array {
  const nal = new Uint8Array(Math.max(length - 9, 8)).fill(0x80 | (mark & 0x7f));
  nal[0] = key ? 0x65 : 0x41;
  new DataView(nal.buffer).setUint32(2, mark | 0x8080_8080);
  const head = hex(key ? "17 01 000000" : "27 01 000000");
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, nal.length);
  return Uint8Array.from([...head, ...size, ...nal]);
}

export function audioBody(mark: number): Uint8Array {
  return Uint8Array.from([0xaf, 1, mark & 0xff, (mark >> 8) & 0xff, 0x55]);
}

/** Sends metadata and both sequence headers. */
export function sendHeaders(client: RtmpClient, streamId: number): void {
  client.send(4, MessageType.dataAmf0, 0, streamId, metadata);
  client.send(6, MessageType.video, 0, streamId, avcHeader);
  client.send(4, MessageType.audio, 0, streamId, aacHeader);
}

/** Sends frames of 40 ms from one number on, a key frame every tenth, each with an audio frame after it. */
export function sendFrames(client: RtmpClient, streamId: number, from: number, count: number): void {
  for (let i = from; i < from + count; i++) {
    client.send(6, MessageType.video, i * 40, streamId, videoBody(i % 10 === 0, i));
    client.send(4, MessageType.audio, i * 40 + 1, streamId, audioBody(i));
  }
}
