/** MPEG-TS as frames: ISO/IEC 13818-1. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { TrackKind } from "../../media/track.ts";
import { Continuity } from "./continuity.ts";
import { opusChannelsOf } from "./descriptors.ts";
import type { PacketHeader } from "./packet.ts";
import { NULL_PID, PACKET_LENGTH, readPacketHeader } from "./packet.ts";
import { PacketSplitter } from "./packet-splitter.ts";
import { PesAssembler, PesMemory } from "./pes-assembler.ts";
import { Programs } from "./programs.ts";
import { SectionAssembler } from "./section.ts";
import { StampUnwrapper } from "./stamps.ts";
import { formOf, kindOf } from "./stream-type.ts";
import type { Form } from "./stream-type.ts";
import type { Pmt, PmtStream } from "./tables.ts";
import { PAT_PID } from "./tables.ts";
import { TrackReader } from "./track-reader.ts";
import type { TrackPlace, TrackReaderOwner } from "./track-reader.ts";

/** Tracks of one program; the others are passed over. */
export const MAX_TRACKS = 32;
/** Bytes in which the first frame has to come. */
export const MAX_BARREN = 64 * 1024 * 1024;

/** What was not as it should be, since the beginning. */
export interface TsCounts {
  /** Bytes that belong to no packet. */
  skippedBytes: number;
  /** Packets that say that they are damaged, or whose header cannot be. */
  damagedPackets: number;
  /** Sections with a wrong checksum or without sense. */
  damagedSections: number;
  /** Places where packets are missing. */
  losses: number;
  /** Access units that were left out: cut, damaged, without a time, or before what they need to be decoded. */
  droppedUnits: number;
  scrambledPackets: number;
}

/** Who takes the payloads of one PID. */
interface Target {
  take(payload: Uint8Array, start: boolean): void;
  lost(): void;
}

/** One PID that is read. */
interface PidReader {
  readonly continuity: Continuity;
  readonly target: Target;
}

/** An elementary stream that is read. */
interface StreamReader extends PidReader {
  readonly target: PesAssembler;
  readonly form: Form;
  /** What the form's own descriptor says. */
  readonly opusChannels: number | undefined;
  readonly track: TrackReader;
}

/**
 * Reads one program of a transport stream, from bytes in any pieces.
 *
 * - Ids are those of FLV and RTMP: 1 and 2 for the first video and audio track, 256 + n and 512 + n for the n-th after those. They stay when a PMT
 *   changes, by PID if that stays, else by what is free.
 * - Times are ticks of 90 kHz, wraps undone. `dts` rises as the source's does: it is the timeline that mends stamps which do not. Tracks come in the
 *   order in which their access units are complete; a picture whose PES packet does not tell its length is complete when the next one begins.
 * - A loss drops the access unit it hits, and nothing of one is ever given. What is damaged is left out and counted; a stream that makes no sense for
 *   too long is a `ProtocolError`, after which the demuxer is not to be used again.
 * - Frame data is in memory of its own.
 */
export class TsDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #splitter = new PacketSplitter((data, at) => this.#packet(data, at));
  readonly #programs = new Programs((pmt) => this.#chosen(pmt));
  readonly #memory = new PesMemory();
  readonly #tables = new Map<number, PidReader>();
  #streams = new Map<number, StreamReader>();
  readonly #owner: TrackReaderOwner;
  readonly #counts = { damagedPackets: 0, damagedSections: 0, losses: 0, droppedUnits: 0, scrambledPackets: 0 };
  /** Bytes without a frame; undefined once one has come. */
  #barren: number | undefined = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#owner = {
      sink,
      stamps: new StampUnwrapper(),
      dropped: () => (this.#counts.droppedUnits += 1),
      given: () => (this.#barren = undefined),
    };
    this.#tables.set(PAT_PID, this.#tableReader(true));
  }

  get position(): number {
    return this.#splitter.position;
  }

  get counts(): Readonly<TsCounts> {
    return { ...this.#counts, skippedBytes: this.#splitter.skipped };
  }

  /**
   * @param piece the next bytes; nobody may write to them until the next call
   * @throws ProtocolError where it is not MPEG-TS, or nothing in it can be carried, in words for the publisher
   */
  push(piece: Uint8Array): void {
    this.#splitter.push(piece);
    if (this.#barren === undefined) return;
    this.#barren += piece.length;
    if (this.#barren > MAX_BARREN) throw this.#nothing();
  }

  /**
   * The stream is over, in a clean way: gives what waited for more. Not to be called where it was cut.
   *
   * @throws ProtocolError where nothing in it could be carried
   */
  end(): void {
    this.#splitter.end();
    for (const { target, track } of this.#streams.values()) {
      target.flush();
      track.flush();
    }
    if (this.#barren !== undefined) throw this.#nothing();
  }

  #nothing(): ProtocolError {
    const { scrambledPackets } = this.#counts;
    if (scrambledPackets > 0) return new ProtocolError("unsupported", "MPEG-TS is scrambled");
    if (this.#programs.isSettled) return new ProtocolError("malformed", "MPEG-TS without a whole frame of video or audio");
    const unknown = this.#programs.unknown;
    if (unknown !== "") return new ProtocolError("unsupported", `MPEG-TS with nothing that is carried here, only ${unknown}`);
    return new ProtocolError("malformed", "MPEG-TS without a program: no valid PAT and PMT have come");
  }

  #packet(data: Uint8Array, at: number): void {
    const header = readPacketHeader(data, at);
    if (header === undefined) {
      this.#counts.damagedPackets += 1;
      return;
    }
    if (header.pid === NULL_PID) return;
    const reader = this.#streams.get(header.pid) ?? this.#tables.get(header.pid);
    if (reader === undefined) return;
    if (header.scrambled) {
      this.#counts.scrambledPackets += 1;
      return reader.target.lost();
    }
    this.#payload(reader, header, data.subarray(at + header.payload, at + PACKET_LENGTH));
  }

  #payload({ continuity, target }: PidReader, header: PacketHeader, payload: Uint8Array): void {
    const succession = continuity.follow(header, payload);
    if (succession === "repeat") return;
    if (succession === "lost") {
      this.#counts.losses += 1;
      target.lost();
    }
    target.take(payload, header.start);
  }

  #tableReader(isPat: boolean): PidReader {
    const section = (bytes: Uint8Array): void => {
      try {
        this.#programs.section(bytes, isPat);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#counts.damagedSections += 1;
      }
      if (isPat) this.#followTables();
    };
    return { continuity: new Continuity(), target: new SectionAssembler(section) };
  }

  /** Reads the PMTs that the PAT names, and no others. */
  #followTables(): void {
    const { pids } = this.#programs;
    for (const pid of this.#tables.keys()) if (pid !== PAT_PID && !pids.has(pid)) this.#tables.delete(pid);
    for (const pid of pids) if (!this.#tables.has(pid)) this.#tables.set(pid, this.#tableReader(false));
  }

  /** Reads the elementary streams that a PMT names; those that were read before go on. */
  #chosen({ streams }: Pmt): void {
    const before = this.#streams;
    const wanted = new Map<number, { readonly stream: PmtStream; readonly form: Form }>();
    for (const stream of streams) {
      const form = formOf(stream);
      const isFree = !wanted.has(stream.pid) && !this.#programs.pids.has(stream.pid);
      if (form !== undefined && isFree && wanted.size < MAX_TRACKS) wanted.set(stream.pid, { stream, form });
    }
    this.#streams = new Map();
    for (const [pid, reader] of before) {
      const next = wanted.get(pid);
      const goesOn = next?.form === reader.form && opusChannelsOf(next.stream.descriptors) === reader.opusChannels;
      if (goesOn) this.#streams.set(pid, reader);
      else close(reader);
    }
    for (const [pid, { stream, form }] of wanted) {
      const known = this.#streams.get(pid);
      if (known === undefined) this.#streams.set(pid, this.#streamReader(form, stream));
      else known.track.describe(stream);
    }
    const kinds = new Set([...this.#streams.values()].map(({ form }) => kindOf(form)));
    this.#sink.announce({ video: kinds.has(TrackKind.video), audio: kinds.has(TrackKind.audio) });
  }

  #streamReader(form: Form, stream: PmtStream): StreamReader {
    const track = new TrackReader(form, stream, this.#place(form), this.#owner);
    const opusChannels = opusChannelsOf(stream.descriptors);
    return { form, opusChannels, track, continuity: new Continuity(), target: new PesAssembler(track, this.#memory) };
  }

  /** The first place of its kind that no track has. */
  #place(form: Form): TrackPlace {
    const taken = new Set([...this.#streams.values()].map(({ track }) => track.place.id));
    const [first, extra] = kindOf(form) === TrackKind.video ? [1, 256] : [2, 512];
    for (let n = 0; ; n++) {
      const id = n === 0 ? first : extra + n;
      if (!taken.has(id)) return { id, isDefault: n === 0 };
    }
  }
}

/** Gives what is left of a stream that is no longer there. */
function close({ target, track }: StreamReader): void {
  target.flush();
  track.flush();
  target.close();
}
