import { crc32 } from "node:zlib";
import { flvMuxer } from "../../containers/flv/muxer.ts";
import { carriedByFmp4 } from "../../containers/fmp4/carried.ts";
import { Fmp4FileMuxer, uuidBox } from "../../containers/fmp4/file-muxer.ts";
import type { MediaTrack } from "../../containers/fmp4/init.ts";
import { nullPackets } from "../../containers/mpegts/null-packets.ts";
import { tsMuxer } from "../../containers/mpegts/muxer.ts";
import type { Frame } from "../../media/frame.ts";
import { type MuxerFactory, NotCarried } from "../../media/muxer.ts";
import type { Generation } from "../../media/track.ts";
import { type FileFacts, factsKey, factsUuid } from "./file-facts.ts";

/** The containers that recordings are written in. */
export const RecordingFormat = { mp4: "mp4", flv: "flv", mpegts: "mpegts" } as const;
export type RecordingFormat = (typeof RecordingFormat)[keyof typeof RecordingFormat];

/** What their files' names end in. */
export const fileExtensions = { mp4: "mp4", flv: "flv", mpegts: "ts" } as const satisfies Record<RecordingFormat, string>;

/** Makes the bytes of one file: `begin()`, `frames()` as often as there are some, `end()`. What is whole after each of them plays to its end. */
export interface FileMuxer {
  begin(): Uint8Array[];
  /** @param frames of the generation it was made for, their times from the file's beginning. Payloads go out as views */
  frames(frames: readonly Frame[]): Uint8Array[];
  /** What comes does not follow from what came. */
  interrupt(): Uint8Array[];
  end(): Uint8Array[];
}

/** @param facts which the file keeps for whoever finds it without the index. @throws NotCarried where nothing of the stream goes into the format */
export function fileMuxer(format: RecordingFormat, generation: Generation, facts: FileFacts): FileMuxer {
  const text = JSON.stringify(facts);
  switch (format) {
    case "mp4":
      return mp4File(generation, text);
    case "flv":
      return streamed(flvMuxer({ signalling: "enhanced" }), {
        ...generation,
        metadata: { ...generation.metadata, [factsKey]: text },
      });
    case "mpegts":
      return streamed(tsMuxer(), generation, nullPackets(new TextEncoder().encode(`${factsKey}:${text}`)));
  }
}

/** The tracks that go into an MP4 file. @throws NotCarried where none does */
export function tracksInMp4(tracks: Generation["tracks"]): MediaTrack[] {
  const media = tracks.filter((track): track is MediaTrack => track.kind !== "data");
  const carried = media.filter((track) => carriedByFmp4(track) === undefined);
  if (carried.length > 0) return carried;
  const reasons = new Set(media.map((track) => carriedByFmp4(track)));
  throw new NotCarried(reasons.size > 0 ? [...reasons].join("; ") : "the stream has neither video nor audio");
}

function mp4File({ tracks }: Generation, text: string): FileMuxer {
  const muxer = new Fmp4FileMuxer(tracksInMp4(tracks), crcOf);
  return {
    begin: () => muxer.begin(uuidBox(factsUuid, new TextEncoder().encode(text))),
    frames: (frames) => muxer.fragment(frames),
    interrupt: () => muxer.interrupt(),
    end: () => muxer.end(),
  };
}

/** CRC-32 of parts that stand one behind the other. */
export function crcOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((crc, part) => crc32(part, crc), 0);
}

/** A file that is what a viewer would be sent. */
function streamed(factory: MuxerFactory, generation: Generation, before: Uint8Array = new Uint8Array(0)): FileMuxer {
  let parts: Uint8Array[] = [before];
  const muxer = factory({
    // One file has one configuration: there is one init.
    init: ({ bytes }) => void parts.push(bytes),
    chunk: (chunk) => void parts.push(...chunk.parts),
  });
  const take = (): Uint8Array[] => {
    muxer.flush();
    const taken = parts;
    parts = [];
    return taken;
  };
  const start = { reason: "start", utcOffset: 0 } as const;
  return {
    begin() {
      muxer.discontinuity(start);
      muxer.generation(generation);
      return take();
    },
    frames(frames) {
      for (const frame of frames) muxer.frame(frame);
      return take();
    },
    interrupt() {
      muxer.discontinuity(start);
      return take();
    },
    end: take,
  };
}
