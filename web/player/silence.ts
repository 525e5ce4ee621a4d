/**
 * Fragments of silence: what stands in for sound that does not come while the picture goes on. A media element waits
 * for all of its tracks, so that lost audio would stop the picture.
 */
import { fragmentParts, SampleFlags } from "../../src/containers/fmp4/fragment.ts";
import type { StreamTrack } from "./stream.ts";

/** A coded frame of silence. */
interface SilentFrame {
  readonly data: Uint8Array;
  /** Seconds. */
  readonly duration: number;
}

/** Silent AAC-LC access units by channel count, as FFmpeg's encoder makes them of digital silence. */
const silentAac: Readonly<Record<number, readonly number[]>> = {
  1: [0x01, 0x18, 0x20, 0x07],
  2: [0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c],
  6: [0x01, 0x18, 0x20, 0x01, 0x08, 0x80, 0x23, 0x04, 0x60, 0x23, 0x10, 0x04, 0x60, 0x8c, 0x0c, 0x23, 0x00, 0x00, 0xe0],
};

/** CELT, full band, 20 ms (RFC 6716 3.1), of one channel or two, and a frame that codes nothing. */
const silentOpus: Readonly<Record<number, readonly number[]>> = { 1: [0xf8, 0xff, 0xfe], 2: [0xfc, 0xff, 0xfe] };

function silentFrame(track: StreamTrack): SilentFrame | undefined {
  const aac = /^mp4a\.40\.(2|5|29)$/.exec(track.codec);
  if (aac !== null) {
    // HE-AAC codes half the rate in frames of 1024; parametric stereo codes one channel.
    const core = aac[1] === "29" ? 1 : track.channels;
    const data = silentAac[core];
    const samples = aac[1] === "2" ? 1024 : 2048;
    return data === undefined ? undefined : { data: Uint8Array.from(data), duration: samples / track.sampleRate };
  }
  const data = track.codec === "opus" ? silentOpus[track.channels] : undefined;
  return data === undefined ? undefined : { data: Uint8Array.from(data), duration: 0.02 };
}

/** Whether silence can be made for this track. */
export function canBeSilent(track: StreamTrack): boolean {
  return silentFrame(track) !== undefined;
}

/**
 * A fragment of silence of at least one frame, from `start` up to about `end`, seconds of the stream's clock, with where
 * it really ends; undefined where the codec or the channels are not among those we have silence for.
 */
export function silence(track: StreamTrack, start: number, end: number): { parts: readonly Uint8Array[]; end: number } | undefined {
  const frame = silentFrame(track);
  if (frame === undefined) return undefined;
  const count = Math.max(1, Math.floor((end - start) / frame.duration));
  const duration = Math.round(frame.duration * track.timescale);
  const sample = { duration, flags: SampleFlags.sync, compositionOffset: 0, data: frame.data };
  const decodeTime = Math.round(start * track.timescale);
  const parts = fragmentParts({ sequence: 1, trackId: track.id, decodeTime, samples: Array.from({ length: count }, () => sample) });
  return { parts, end: (decodeTime + count * duration) / track.timescale };
}
