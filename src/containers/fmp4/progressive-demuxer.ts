import { Fifo } from "../../bytes/fifo.ts";
import { Gathering } from "../../bytes/gathering.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { largestBox } from "./box-reader.ts";
import { CarriedTracks } from "./carried-tracks.ts";
import { readTabledMoov } from "./read-moov.ts";
import { readSampleTable, type SampleTable } from "./sample-table.ts";

/** Bytes of frames that wait for those of another track which belong before them: tracks are interleaved by the second or so. */
const mostWaiting = 64 * 1024 * 1024;

/** One track on its way through the file. */
interface Lane {
  readonly id: number;
  readonly table: SampleTable;
  /** The sample that comes next. */
  next: number;
  /** Frames that have come and wait for their turn. */
  readonly waiting: Fifo<SourceFrame>;
}

/**
 * Reads an MP4 file that is not fragmented, whose moov box comes before its media ("fast start"): all samples are where the
 * tables of the moov box say. Frames come in order of decoding time whatever tracks they are of.
 */
export class ProgressiveDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #tracks: CarriedTracks;
  readonly #lanes: readonly Lane[];
  readonly #part = new Gathering();
  #position = 0;
  #waitingBytes = 0;

  /**
   * @param moov payload of the box; the whole file is to be pushed from its first byte on
   * @throws ProtocolError for tables that make no sense, or no track that we carry
   */
  constructor(moov: Uint8Array, sink: FrameSink) {
    this.#sink = sink;
    const tabled = readTabledMoov(moov);
    this.#tracks = new CarriedTracks(
      tabled.map(({ track }) => track),
      sink,
    );
    this.#lanes = tabled
      .filter(({ track }) => this.#tracks.has(track.id))
      .map(({ track, table }) => ({ id: track.id, table: readSampleTable(table), next: 0, waiting: new Fifo<SourceFrame>() }));
  }

  get position(): number {
    return this.#position;
  }

  push(piece: Uint8Array): void {
    let left = piece;
    while (left.length > 0) {
      const lane = this.#laneAhead();
      if (lane === undefined) return;
      const offset = lane.table.offsets[lane.next]!;
      const skipped = Math.min(left.length, Math.max(0, offset - this.#position));
      if (offset < this.#position) throw new ProtocolError("unsupported", "samples that are not in the order of the file");
      if (skipped > 0) {
        this.#position += skipped;
        left = left.subarray(skipped);
      } else {
        left = this.#sample(lane, left);
      }
    }
  }

  end(): void {
    if (this.#laneAhead() !== undefined) throw new ProtocolError("truncated", "the input ended before the last sample");
    this.#pass(true);
  }

  /** The track whose next sample is the first in the file; undefined when all have come. */
  #laneAhead(): Lane | undefined {
    let ahead: Lane | undefined;
    for (const lane of this.#lanes) {
      while (lane.next < lane.table.count && lane.table.sizes[lane.next] === 0) lane.next += 1;
      if (lane.next >= lane.table.count) continue;
      if (ahead === undefined || lane.table.offsets[lane.next]! < ahead.table.offsets[ahead.next]!) ahead = lane;
    }
    return ahead;
  }

  /** Takes what there is of a sample, and returns the rest. */
  #sample(lane: Lane, bytes: Uint8Array): Uint8Array {
    const size = lane.table.sizes[lane.next]!;
    if (size > largestBox) throw new ProtocolError("limit", `a sample of ${size} bytes, at most ${largestBox} allowed`);
    const missing = size - this.#part.length;
    if (bytes.length < missing) {
      this.#part.add(bytes, size);
      return bytes.subarray(bytes.length);
    }
    if (this.#part.length > 0) this.#part.add(bytes.subarray(0, missing), size);
    this.#frame(lane, this.#part.length > 0 ? this.#part.take() : bytes.subarray(0, size));
    this.#position += size;
    return bytes.subarray(missing);
  }

  #frame(lane: Lane, data: Uint8Array): void {
    const { table, next, id } = lane;
    lane.next += 1;
    const dts = table.dts[next]!;
    const frame = this.#tracks.frame(id, { dts, pts: dts + table.compositionOffsets[next]!, flags: table.flags[next]!, data });
    if (frame === undefined) return;
    lane.waiting.push(frame);
    this.#waitingBytes += data.length;
    this.#pass(false);
    if (this.#waitingBytes > mostWaiting) throw new ProtocolError("limit", "tracks that lie too far apart in the file");
  }

  /** Passes on what no frame that is still to come belongs before. */
  #pass(isAll: boolean): void {
    for (;;) {
      let first: Lane | undefined;
      let at = Number.POSITIVE_INFINITY;
      for (const lane of this.#lanes) {
        const frame = lane.waiting.first();
        if (frame === undefined && !isAll && lane.next < lane.table.count) return;
        const micros = frame === undefined ? Number.POSITIVE_INFINITY : this.#tracks.micros(frame);
        if (micros >= at) continue;
        at = micros;
        first = lane;
      }
      const frame = first?.waiting.shift();
      if (frame === undefined) return;
      this.#waitingBytes -= frame.data.length;
      this.#sink.frame(frame);
    }
  }
}
