/** Files as indexers see them, and what an index says compared with what FFmpeg says. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { indexFlv } from "../../src/containers/flv/file-index.ts";
import { indexMp4 } from "../../src/containers/fmp4/file-index.ts";
import type { ReadAt } from "../../src/bytes/read-at.ts";
import type { IndexedTrack, MediaIndex } from "../../src/media/media-index.ts";

/** Reads from memory, and counts what is read. */
export class MemoryFile {
  readonly bytes: Uint8Array;
  reads = 0;
  bytesRead = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  readonly read: ReadAt = (offset, length) => {
    this.reads += 1;
    const piece = new Uint8Array(this.bytes.subarray(offset, offset + length));
    this.bytesRead += piece.length;
    return Promise.resolve(piece);
  };
}

/** Indexes bytes by what they begin with. */
export function indexBytesOf(bytes: Uint8Array): Promise<MediaIndex> {
  const { read } = new MemoryFile(bytes);
  const isFlv = bytes[0] === 0x46 && bytes[1] === 0x4c && bytes[2] === 0x56;
  return isFlv ? indexFlv(read, bytes.length) : indexMp4(read, bytes.length, { pause: () => Promise.resolve() });
}

/** A sample as a packet of FFmpeg's: times in microseconds of the file's own clock. */
export interface IndexedPacket {
  readonly kind: string;
  readonly ptsMicros: number;
  readonly dtsMicros: number;
  readonly isKey: boolean;
  readonly md5: string;
}

/** All samples of a file as packets, track by track. */
export async function indexedPackets(path: string): Promise<{ readonly index: MediaIndex; readonly packets: IndexedPacket[] }> {
  const bytes = await readFile(path);
  const index = await indexBytesOf(bytes);
  const packets = index.tracks.flatMap((track) => packetsOfTrack(track, bytes, index.startMs));
  return { index, packets };
}

function packetsOfTrack({ track, samples, frame }: IndexedTrack, bytes: Uint8Array, startMs: number): IndexedPacket[] {
  const micros = (ticks: number): number => Math.round((ticks * 1e6) / track.timescale) + startMs * 1000;
  return Array.from({ length: samples.count }, (_, i) => {
    const at = samples.offsets[i]!;
    const found = frame(i, bytes.subarray(at, at + samples.sizes[i]!))!;
    const md5 = createHash("md5").update(found.data).digest("hex");
    return { kind: track.kind, ptsMicros: micros(found.pts), dtsMicros: micros(found.dts), isKey: found.sap !== 0, md5 };
  });
}
