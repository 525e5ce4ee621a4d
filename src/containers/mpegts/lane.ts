/** A track on its way into PES packets. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import { rescale } from "../../media/time.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import type { MediaTrack } from "./carried.ts";
import { TIMESCALE } from "./elementary.ts";
import type { PayloadMaker } from "./payload.ts";
import { audioPayload, videoPayload } from "./payload.ts";
import type { Stamps } from "./pes.ts";

/** Ticks by which a frame in the middle of a packet may be off the time that its samples say: a stamp of whole milliseconds is. */
const TOLERANCE = TIMESCALE / 1000;
/** Bytes of audio in one packet, whose length must be told. A frame that has more is left out. */
const MAX_AUDIO = 60_000;

/** The payload of one PES packet. */
export interface Ready {
  readonly stamps: Stamps;
  readonly payload: readonly Uint8Array[];
  readonly isStart: boolean;
  /** Decoding time of the first frame, in ticks of the track's own timescale. */
  readonly dts: number;
}

export interface Lane {
  readonly track: MediaTrack;
  /** Frames wait for others. */
  readonly isHolding: boolean;
  /** Takes a frame, and gives what is complete with it, in order. */
  add(frame: Frame): readonly Ready[];
  /** Gives what is held back. */
  flush(): readonly Ready[];
}

function ticks(time: number, track: MediaTrack): number {
  return rescale(time, track.timescale, TIMESCALE);
}

/** The bytes of a frame; none where it is damaged, or is none that the stream's form can have. */
function payloadOf(make: PayloadMaker, frame: Frame): readonly Uint8Array[] {
  try {
    return make(frame) ?? [];
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/** Video: each frame in a packet of its own, at once. */
export class VideoLane implements Lane {
  readonly track: VideoTrack;
  readonly isHolding = false;
  readonly #make: PayloadMaker;

  constructor(track: VideoTrack) {
    this.track = track;
    this.#make = videoPayload(track);
  }

  add(frame: Frame): readonly Ready[] {
    const payload = payloadOf(this.#make, frame);
    if (payload.length === 0) return [];
    const stamps = { dts: ticks(frame.dts, this.track), pts: ticks(frame.pts, this.track) };
    return [{ stamps, payload, isStart: isRandomAccess(frame), dts: frame.dts }];
  }

  flush(): readonly Ready[] {
    return []; // nothing is ever held back
  }
}

/** Audio: a few frames in a packet, as long as each follows from the one before. */
export class AudioLane implements Lane {
  readonly track: AudioTrack;
  readonly #make: PayloadMaker;
  /** Ticks of audio from which on a packet is full. */
  readonly #full: number;
  #held: Uint8Array[] = [];
  #bytes = 0;
  #first: Pick<Frame, "dts" | "pts"> = { dts: 0, pts: 0 };
  /** Time of the first frame held, and how long all of them last, in ticks. */
  #from = 0;
  #length = 0;

  /** @param full milliseconds of audio from which on a packet is full */
  constructor(track: AudioTrack, full: number) {
    this.track = track;
    this.#make = audioPayload(track);
    this.#full = (full * TIMESCALE) / 1000;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  add(frame: Frame): readonly Ready[] {
    const payload = payloadOf(this.#make, frame);
    const bytes = payload.reduce((sum, part) => sum + part.length, 0);
    if (bytes === 0 || bytes > MAX_AUDIO) return [];
    const time = ticks(frame.pts, this.track);
    const follows = Math.abs(time - Math.round(this.#from + this.#length)) <= TOLERANCE && this.#bytes + bytes <= MAX_AUDIO;
    const before = follows ? [] : this.flush();
    if (this.#held.length === 0) {
      this.#first = frame;
      this.#from = time;
    }
    this.#held.push(...payload);
    this.#bytes += bytes;
    const { sampleRate } = this.track;
    // Where the rate is not known, nobody could tell the times of further frames.
    this.#length += sampleRate > 0 ? (samplesIn(this.track, frame.data) * TIMESCALE) / sampleRate : Infinity;
    return this.#length >= this.#full ? [...before, ...this.flush()] : before;
  }

  flush(): readonly Ready[] {
    if (this.#held.length === 0) return [];
    const payload = this.#held;
    this.#held = [];
    this.#bytes = 0;
    this.#length = 0;
    return [{ stamps: { pts: this.#from, dts: this.#from }, payload, isStart: true, dts: this.#first.dts }];
  }
}
