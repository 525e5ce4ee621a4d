import { Reader } from "../../bytes/reader.ts";
import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import { FILE_HEADER_SIZE, readTagHeader, TAG_HEADER_SIZE, TAG_TRAILER_SIZE, TagType } from "../../containers/flv/tag.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Metadata, Track } from "../../media/track.ts";
import type { DiskWindow } from "./disk-window.ts";
import { type FileFacts, factsKey, readFacts } from "./file-facts.ts";
import { recordedTrack } from "./recorded.ts";
import type { ScannedFile } from "./scanned.ts";

/** Bytes at the beginning in which metadata and configurations are. */
const HEAD = 1024 * 1024;

/** Reads what is whole of an FLV file of ours: every tag is followed by its length. */
export async function scanFlv(window: DiskWindow): Promise<ScannedFile> {
  const { facts, tracks } = readHead(await window.bytes(0, HEAD));
  let size = Math.min(FILE_HEADER_SIZE, window.size);
  let duration = 0;
  let step = 0;
  while (size + TAG_HEADER_SIZE + TAG_TRAILER_SIZE <= window.size) {
    const bytes = await window.bytes(size, TAG_HEADER_SIZE);
    // Zeros are what a file has where what was written never came.
    if (bytes[0] !== TagType.audio && bytes[0] !== TagType.video && bytes[0] !== TagType.script) break;
    const tag = readTagHeader(new Reader(bytes));
    const length = TAG_HEADER_SIZE + tag.size;
    if (size + length + TAG_TRAILER_SIZE > window.size) break;
    if (new Reader(await window.bytes(size + length, TAG_TRAILER_SIZE)).u32() !== length) break;
    if (tag.type === TagType.video && tag.timestamp > duration) step = tag.timestamp - duration;
    duration = Math.max(duration, tag.timestamp);
    size += length + TAG_TRAILER_SIZE;
  }
  return { facts, size, duration: duration + Math.min(step, 1000), isComplete: size === window.size, tracks: tracks.map(recordedTrack) };
}

function readHead(head: Uint8Array): { readonly facts: FileFacts | undefined; readonly tracks: readonly Track[] } {
  const tracks = new Map<number, Track>();
  let facts: FileFacts | undefined;
  const demuxer = new FlvDemuxer({
    announce: () => undefined,
    metadata: (values: Metadata) => {
      const text = values[factsKey];
      if (typeof text === "string") facts ??= readFacts(text);
    },
    track: (track) => void tracks.set(track.id, track),
    frame: () => undefined,
  });
  try {
    demuxer.push(head.slice());
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return { facts, tracks: [...tracks.values()] };
}
