/**
 * Flash's own video codecs. On timelines their frames are whole bodies of FLV tags: the first byte says what kind of frame it is and of which codec
 * (Adobe Flash Video File Format 10.1, E.4.3.1). Other containers hold what is behind it.
 */
import { Codec } from "./track.ts";

/** Codec ids of FLV, of codecs that other containers have a name for, too. */
const codecIds: ReadonlyMap<Codec, number> = new Map([
  [Codec.h263, 2],
  [Codec.screen, 3],
]);

/** A frame of another container as timelines have it: a copy for codecs of Flash, the same bytes for others. */
export function withFlashTagByte(codec: Codec, data: Uint8Array, isKey: boolean): Uint8Array {
  const id = codecIds.get(codec);
  if (id === undefined) return data;
  const body = new Uint8Array(1 + data.length);
  body[0] = (isKey ? 0x10 : 0x20) | id;
  body.set(data, 1);
  return body;
}

/** What another container holds of a frame: a view. */
export function withoutFlashTagByte(codec: Codec, data: Uint8Array): Uint8Array {
  return codecIds.has(codec) ? data.subarray(1) : data;
}
