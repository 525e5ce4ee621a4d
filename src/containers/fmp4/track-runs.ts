/** The header of a fragment with several tracks: `moof` with a `traf` each, and the header of their `mdat` (ISO/IEC 14496-12 8.8). */
import { Writer } from "../../bytes/writer.ts";
import { TrunFlags } from "./fragment.ts";
import type { FragmentSample } from "./fragment.ts";

/** The samples of one track that go into a fragment. */
export interface TrackRun {
  readonly trackId: number;
  /** Decoding time of the first sample, ticks of the track's MP4 timescale. */
  readonly decodeTime: number;
  /** At least one. */
  readonly samples: readonly FragmentSample[];
}

const mfhdSize = 16;
const tfhdSize = 16;
const tfdtSize = 20;

/** `moof` and the header of `mdat`; the samples' payloads follow, track by track. @param sequence from 1 */
export function moofHeader(sequence: number, runs: readonly TrackRun[]): Uint8Array {
  const sizes = runs.map((run) => 8 + tfhdSize + tfdtSize + trunSize(run));
  const moofSize = 8 + mfhdSize + sizes.reduce((sum, size) => sum + size, 0);
  const out = new Writer(moofSize + 8);
  out.u32(moofSize).ascii("moof");
  out.u32(mfhdSize).ascii("mfhd").u32(0).u32(sequence);
  let offset = moofSize + 8;
  runs.forEach((run, i) => {
    out.u32(sizes[i]!).ascii("traf");
    out.u32(tfhdSize).ascii("tfhd").u32(0x02_0000).u32(run.trackId); // default-base-is-moof
    out.u32(tfdtSize).ascii("tfdt").u32(0x0100_0000).u64(run.decodeTime);
    writeRun(out, run, offset);
    for (const { data } of run.samples) offset += data.length;
  });
  return out
    .u32(offset - moofSize)
    .ascii("mdat")
    .done();
}

function isComposed({ samples }: TrackRun): boolean {
  return samples.some((sample) => sample.compositionOffset !== 0);
}

function trunSize(run: TrackRun): number {
  return 20 + run.samples.length * (isComposed(run) ? 16 : 12);
}

/** trun version 1: composition offsets are signed. */
function writeRun(out: Writer, run: TrackRun, dataOffset: number): void {
  const composed = isComposed(run);
  const flags = TrunFlags.dataOffset | TrunFlags.duration | TrunFlags.size | TrunFlags.flags | (composed ? TrunFlags.compositionOffset : 0);
  out.u32(trunSize(run)).ascii("trun").u8(1).u24(flags).u32(run.samples.length).u32(dataOffset);
  for (const sample of run.samples) {
    out.u32(sample.duration).u32(sample.data.length).u32(sample.flags);
    if (composed) out.u32(sample.compositionOffset);
  }
}
