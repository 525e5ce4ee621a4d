/**
 * One media segment of one track: `[prft] moof mdat` (ISO/IEC 14496-12 8.8, 8.16.5). The payloads are not copied.
 */
import { Writer } from "../../bytes/writer.ts";

/** Sample flags, ISO/IEC 14496-12 8.8.3.1. */
export const SampleFlags = {
  /** Depends on no other sample. All audio is. */
  sync: 0x0200_0000,
  /** Depends on others; not a sync sample. */
  dependent: 0x0101_0000,
  /** As `dependent`, and no other sample depends on it. */
  disposable: 0x0181_0000,
} as const;
export type SampleFlags = (typeof SampleFlags)[keyof typeof SampleFlags];

/** The bit of the sample flags that says "not a sync sample". */
export const nonSyncFlag = 0x0001_0000;

export interface FragmentSample {
  /** Ticks of the track's MP4 timescale. */
  readonly duration: number;
  readonly flags: SampleFlags;
  /** Presentation time minus decoding time, same ticks, may be negative. */
  readonly compositionOffset: number;
  /** Goes out as it is; never written to. */
  readonly data: Uint8Array;
}

/** Wall clock of a presentation time. */
export interface ProducerReference {
  /** Unix milliseconds, fractions allowed. */
  readonly utc: number;
  /** The presentation time that this is the wall clock of, in ticks of the track's MP4 timescale. */
  readonly mediaTime: number;
}

export interface Fragment {
  /** mfhd sequence number, from 1. */
  readonly sequence: number;
  readonly trackId: number;
  /** Decoding time of the first sample (tfdt), ticks of the track's MP4 timescale. */
  readonly decodeTime: number;
  /** At least one. */
  readonly samples: readonly FragmentSample[];
  readonly reference?: ProducerReference;
}

/** Seconds from 1900, where NTP counts from, to 1970. */
export const ntpToUnix = 2_208_988_800;

const prftSize = 32;
const mfhdSize = 16;
const tfhdSize = 16;
const tfdtSize = 20;

/** trun flags, 8.8.8: which fields each sample has. */
export const TrunFlags = {
  dataOffset: 0x1,
  firstFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  compositionOffset: 0x800,
} as const;

/** The fragment's bytes: a header, then the samples' payloads as views. */
export function fragmentParts(fragment: Fragment): Uint8Array[] {
  const { samples } = fragment;
  const composed = samples.some((sample) => sample.compositionOffset !== 0);
  const trunSize = 20 + samples.length * (composed ? 16 : 12);
  const trafSize = 8 + tfhdSize + tfdtSize + trunSize;
  const moofSize = 8 + mfhdSize + trafSize;
  const out = new Writer(prftSize + moofSize + 8);
  if (fragment.reference !== undefined) writeReference(out, fragment.trackId, fragment.reference);
  out.u32(moofSize).ascii("moof");
  out.u32(mfhdSize).ascii("mfhd").u32(0).u32(fragment.sequence);
  out.u32(trafSize).ascii("traf");
  out.u32(tfhdSize).ascii("tfhd").u32(0x02_0000).u32(fragment.trackId); // default-base-is-moof
  out.u32(tfdtSize).ascii("tfdt").u32(0x0100_0000).u64(fragment.decodeTime);
  writeRun(out, trunSize, moofSize + 8, samples, composed);
  let payload = 0;
  for (const sample of samples) payload += sample.data.length;
  out.u32(payload + 8).ascii("mdat");
  return [out.done(), ...samples.map((sample) => sample.data)];
}

/** trun version 1: composition offsets are signed. */
function writeRun(out: Writer, size: number, dataOffset: number, samples: readonly FragmentSample[], composed: boolean): void {
  const flags = TrunFlags.dataOffset | TrunFlags.duration | TrunFlags.size | TrunFlags.flags | (composed ? TrunFlags.compositionOffset : 0);
  out.u32(size).ascii("trun").u8(1).u24(flags).u32(samples.length).u32(dataOffset);
  for (const sample of samples) {
    out.u32(sample.duration).u32(sample.data.length).u32(sample.flags);
    if (composed) out.u32(sample.compositionOffset);
  }
}

/** prft version 1, flags 24: the times are consistent with one another from fragment to fragment. */
function writeReference(out: Writer, trackId: number, reference: ProducerReference): void {
  const whole = Math.floor(reference.utc / 1000);
  const fraction = Math.floor(((reference.utc - whole * 1000) / 1000) * 0x1_0000_0000);
  out.u32(prftSize).ascii("prft").u32(0x0100_0018).u32(trackId);
  out
    .u32(whole + ntpToUnix)
    .u32(fraction)
    .u64(Math.max(0, reference.mediaTime));
}
