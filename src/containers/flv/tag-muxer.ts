import { joined } from "../../bytes/joined.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import type { Muxer, MuxerSink } from "../../media/muxer.ts";
import { rescale, toMicros } from "../../media/time.ts";
import type { Generation, Track } from "../../media/track.ts";
import { TrackKind } from "../../media/track.ts";
import { encodeAmf0 } from "./amf0.ts";
import { audioConfigParts, audioFrameParts } from "./audio-tag.ts";
import type { Signalling } from "./enhanced.ts";
import { ON_META_DATA, outputMetadata } from "./metadata.ts";
import type { Selection, WantedKinds } from "./selection.ts";
import { selectTracks } from "./selection.ts";
import { MAX_TAG_BODY, TagType } from "./tag.ts";
import { videoConfigParts, videoFrameParts } from "./video-tag.ts";

/** Wire time ends here: players that read the stamp as a signed number go no further. */
const END_OF_TIME = 2 ** 31 - 1;
/** From here on, an hour before the end, the next random-access point starts again near 0. */
const ROLL_OVER_AT = END_OF_TIME - 3_600_000;
/** Wire time of the frame that fixed an epoch other than 0, so that tracks a little behind it are not below 0. */
const EPOCH_MARGIN = 1000;
/** Bytes of a frame at most: the body's length has 24 bits, and a few bytes of it are the tag's own. */
const MAX_FRAME = MAX_TAG_BODY - 16;

/** What goes into an FLV or RTMP output, and how codecs are named there. */
export interface TagOptions extends WantedKinds {
  readonly signalling: Signalling;
  /** Milliseconds of timeline time at wire time 0, where that is decided before. */
  readonly epoch?: number | undefined;
}

/** How tag bodies go on the wire: as FLV tags, as RTMP messages. */
export interface TagWriter {
  /** One tag or message around a body. */
  tag(type: typeof TagType.audio | typeof TagType.video | typeof TagType.script, wire: number, body: readonly Uint8Array[]): Uint8Array[];
  /** What a new viewer is sent before metadata and sequence headers. */
  opening(selection: Selection): Uint8Array[];
  /** A viewer goes on when tracks come and go and when time starts again. */
  readonly goesOnAlways: boolean;
}

/** The bodies of the tags a viewer needs before its first frame. */
interface Headers {
  readonly selection: Selection;
  readonly metadata: Uint8Array;
  readonly video: Uint8Array;
  readonly audio: Uint8Array;
}

/**
 * What FLV and RTMP outputs have in common: metadata and sequence headers as the init, then a chunk per frame.
 *
 * Wire time is timeline time minus the output's epoch, in milliseconds, the same for every viewer. The epoch is 0
 * where the timeline is not too old for that, and else near the first frame; when wire time nears 2^31 ms the output
 * starts again near 0, at a random-access point where one comes in time.
 *
 * A viewer may start at every random-access point, gradual refreshes too: pictures are broken for a moment there, but
 * a stream of an encoder that makes no others could not be joined at all. Without video, at any audio frame.
 */
export class TagMuxer implements Muxer {
  readonly #options: TagOptions;
  readonly #writer: TagWriter;
  readonly #sink: MuxerSink;
  readonly #tracks = new Map<number, Track>();
  /** What frames belong to, announced or not. */
  #headers: Headers | undefined;
  /** What the sink's last init said. */
  #announced: Headers | undefined;
  /** Time started again: nothing announced before holds. */
  #anew = true;
  /** Milliseconds of timeline time at wire time 0. */
  #epoch: number | undefined;

  constructor(options: TagOptions, writer: TagWriter, sink: MuxerSink) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#writer = writer;
    this.#sink = sink;
  }

  generation(next: Generation): void {
    const { signalling } = this.#options;
    const selection = selectTracks(next, this.#options);
    const { video, audio, data } = selection;
    this.#headers = {
      selection,
      metadata: encodeAmf0(ON_META_DATA, outputMetadata(next.metadata, video, audio, signalling, next.recorded)),
      video: joined(video === undefined ? [] : videoConfigParts(video, signalling)),
      audio: joined(audio === undefined ? [] : audioConfigParts(audio)),
    };
    this.#tracks.clear();
    for (const track of [video, audio, ...data]) if (track !== undefined) this.#tracks.set(track.id, track);
  }

  /** Time goes on over a discontinuity; its new configuration, if any, comes as a generation. */
  discontinuity(): void {}

  frame(frame: Frame): void {
    const track = this.#tracks.get(frame.track);
    if (track === undefined || frame.data.length > MAX_FRAME) return;
    const start = this.#isStart(track, frame);
    const time = rescale(frame.dts, track.timescale, 1000);
    const wire = this.#wireTime(time, start);
    if (this.#announced !== this.#headers || this.#anew) this.#announce(wire);
    this.#sink.chunk({
      parts: this.#tag(track, frame, wire, rescale(frame.pts, track.timescale, 1000) - time),
      dts: toMicros(frame.dts, track.timescale),
      randomAccess: start,
      urgent: track.kind === TrackKind.video,
    });
  }

  /** Nothing is held back. */
  flush(): void {}

  #isStart(track: Track, frame: Frame): boolean {
    if (track.kind === TrackKind.video) return isRandomAccess(frame);
    return track.kind === TrackKind.audio && this.#headers!.selection.video === undefined;
  }

  #wireTime(time: number, start: boolean): number {
    const epoch = this.#epoch;
    if (epoch !== undefined && time - epoch < (start ? ROLL_OVER_AT : END_OF_TIME)) return Math.max(0, time - epoch);
    this.#anew = true;
    this.#epoch = epoch === undefined && time < ROLL_OVER_AT ? 0 : time - EPOCH_MARGIN;
    return Math.max(0, time - this.#epoch);
  }

  /** Tells the sink what the frames from here on need, stamped with the time of the first of them. */
  #announce(wire: number): void {
    const before = this.#announced;
    const now = this.#headers!;
    const anew = this.#anew;
    this.#announced = now;
    this.#anew = false;
    if (before !== undefined && !anew && sameHeaders(before, now)) return;
    const opening = this.#writer.opening(now.selection);
    const headers = this.#headerTags(now, wire);
    const goesOn = this.#writer.goesOnAlways || (before !== undefined && !anew && sameKinds(before.selection, now.selection));
    this.#sink.init({ bytes: joined([...opening, ...headers]), ...(goesOn ? { change: joined(headers) } : {}) });
  }

  #headerTags({ metadata, video, audio }: Headers, wire: number): Uint8Array[] {
    return [
      // Stamped 0 wherever it stands: FFmpeg takes later ones for a track of text.
      ...this.#writer.tag(TagType.script, 0, [metadata]),
      ...(video.length === 0 ? [] : this.#writer.tag(TagType.video, wire, [video])),
      ...(audio.length === 0 ? [] : this.#writer.tag(TagType.audio, wire, [audio])),
    ];
  }

  #tag(track: Track, frame: Frame, wire: number, composition: number): Uint8Array[] {
    switch (track.kind) {
      case TrackKind.video:
        return this.#writer.tag(TagType.video, wire, videoFrameParts(track, frame, composition, this.#options.signalling));
      case TrackKind.audio:
        return this.#writer.tag(TagType.audio, wire, audioFrameParts(track, frame.data));
      case TrackKind.data:
        return this.#writer.tag(TagType.script, wire, [frame.data]);
    }
  }
}

function sameHeaders(a: Headers, b: Headers): boolean {
  return (
    sameKinds(a.selection, b.selection) && sameBytes(a.metadata, b.metadata) && sameBytes(a.video, b.video) && sameBytes(a.audio, b.audio)
  );
}

/** The same tracks in the sense that players cope with: what changes of them is in their sequence headers. */
function sameKinds(a: Selection, b: Selection): boolean {
  return sameTrack(a.video, b.video) && sameTrack(a.audio, b.audio);
}

function sameTrack(a: Track | undefined, b: Track | undefined): boolean {
  return a?.id === b?.id && a?.codec === b?.codec;
}
