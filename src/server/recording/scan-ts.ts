import { ProtocolError } from "../../bytes/protocol-error.ts";
import { TsDemuxer } from "../../containers/mpegts/demuxer.ts";
import { STAMPS_AHEAD } from "../../containers/mpegts/muxer.ts";
import { readNullPackets } from "../../containers/mpegts/null-packets.ts";
import { PACKET_LENGTH, SYNC_BYTE } from "../../containers/mpegts/packet.ts";
import type { Track } from "../../media/track.ts";
import type { DiskWindow } from "./disk-window.ts";
import { type FileFacts, factsKey, readFacts } from "./file-facts.ts";
import { recordedTrack } from "./recorded.ts";
import type { ScannedFile } from "./scanned.ts";

/** Bytes at the beginning and at the end that are read. */
const HEAD = 1024 * 1024;
const TAIL = 4 * 1024 * 1024;
const TIMESCALE = 90_000;

/** Reads the beginning and the end of an MPEG-TS file of ours, and cuts off what is no packet. */
export async function scanTs(window: DiskWindow): Promise<ScannedFile> {
  const head = await window.bytes(0, HEAD);
  const facts = factsIn(head);
  const { tracks } = timesIn(head.slice());
  const from = Math.floor(Math.max(0, window.size - TAIL) / PACKET_LENGTH) * PACKET_LENGTH;
  const tail = (await window.bytes(from, TAIL + PACKET_LENGTH)).slice();
  let length = Math.floor(tail.length / PACKET_LENGTH) * PACKET_LENGTH;
  while (length > 0 && tail[length - PACKET_LENGTH] !== SYNC_BYTE) length -= PACKET_LENGTH;
  const { end } = timesIn(tail.subarray(0, length));
  const size = from + length;
  return { facts, size, duration: end, isComplete: size === window.size, tracks: tracks.map(recordedTrack) };
}

/** The tracks, and milliseconds from the file's time 0 to the end of the last frame. */
function timesIn(bytes: Uint8Array): { readonly tracks: readonly Track[]; readonly end: number } {
  const tracks = new Map<number, Track>();
  let last = -Infinity;
  let step = 0;
  const demuxer = new TsDemuxer({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => void tracks.set(track.id, track),
    frame: ({ track, dts }) => {
      const ticks = (dts * TIMESCALE) / (tracks.get(track)?.timescale ?? TIMESCALE);
      if (tracks.get(track)?.kind === "video" && ticks > last) step = ticks - last;
      last = Math.max(last, ticks);
    },
  });
  try {
    demuxer.push(bytes);
    demuxer.end();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  const end = last === -Infinity ? 0 : ((last - STAMPS_AHEAD + Math.min(step, TIMESCALE)) * 1000) / TIMESCALE;
  return { tracks: [...tracks.values()], end: Math.max(0, Math.round(end)) };
}

function factsIn(head: Uint8Array): FileFacts | undefined {
  const text = new TextDecoder().decode(readNullPackets(head).filter((byte) => byte !== 0xff));
  return text.startsWith(`${factsKey}:`) ? readFacts(text.slice(factsKey.length + 1)) : undefined;
}
