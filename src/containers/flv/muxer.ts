import { sameBytes } from "../../bytes/same-bytes.ts";
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { rescale, toMicros } from "../../media/time.ts";
import type { Generation, Track } from "../../media/track.ts";
import { TrackKind } from "../../media/track.ts";
import { encodeAmf0 } from "./amf0.ts";
import { audioConfigParts, audioFrameParts } from "./audio-tag.ts";
import type { Signalling } from "./enhanced.ts";
import { ON_META_DATA, outputMetadata } from "./metadata.ts";
import type { Selection, WantedKinds } from "./selection.ts";
import { selectTracks } from "./selection.ts";
import { fileHeader, MAX_TAG_BODY, tagParts, TagType } from "./tag.ts";
import { videoConfigParts, videoFrameParts } from "./video-tag.ts";

/** Wire time ends here: players that read the stamp as a signed number go no further. */
const END_OF_TIME = 2 ** 31 - 1;
/** From here on, an hour before the end, the next random-access point starts again near 0. */
const ROLL_OVER_AT = END_OF_TIME - 3_600_000;
/** Wire time of the frame that fixed an epoch other than 0, so that tracks a little behind it are not below 0. */
const EPOCH_MARGIN = 1000;

export interface FlvOptions extends WantedKinds {
  readonly signalling: Signalling;
}

/**
 * FLV of one timeline: header and sequence headers as `init`, each frame a chunk of one tag.
 *
 * Wire time is timeline time minus the output's epoch, in milliseconds, the same for every viewer. The epoch is 0
 * where the timeline is not too old for that, and else near the first frame; when wire time nears 2^31 ms the output
 * starts again near 0 with an init that nobody can cross to.
 *
 * A viewer may start at video frames of SAP types 1 to 3; at a gradual refresh (type 4), where pictures are broken
 * for a while, only who is there already goes on. Without video, at any audio frame. The tag's own key-frame bit is set
 * at gradual refreshes too, as encoders do.
 *
 * Tracks beyond the first of a kind, codecs FLV has no id for and frames over 16 MiB are left out.
 */
export function flvMuxer(options: FlvOptions): MuxerFactory {
  return (sink) => new FlvMuxer(options, sink);
}

/** The bodies of the tags a viewer needs before its first frame, for comparing and for writing. */
interface Headers {
  readonly selection: Selection;
  readonly metadata: Uint8Array;
  readonly video: readonly Uint8Array[];
  readonly audio: readonly Uint8Array[];
}

class FlvMuxer implements Muxer {
  readonly #options: FlvOptions;
  readonly #sink: MuxerSink;
  /** What frames belong to, announced or not. */
  #headers: Headers | undefined;
  /** What the sink's last init said. */
  #announced: Headers | undefined;
  readonly #tracks = new Map<number, Track>();
  /** Milliseconds of timeline time at wire time 0. */
  #epoch: number | undefined;

  constructor(options: FlvOptions, sink: MuxerSink) {
    this.#options = options;
    this.#sink = sink;
  }

  generation(next: Generation): void {
    const { signalling } = this.#options;
    const selection = selectTracks(next, this.#options);
    const { video, audio, data } = selection;
    this.#headers = {
      selection,
      metadata: encodeAmf0(ON_META_DATA, outputMetadata(next.metadata, video, audio, signalling)),
      video: video === undefined ? [] : videoConfigParts(video, signalling),
      audio: audio === undefined ? [] : audioConfigParts(audio),
    };
    this.#tracks.clear();
    for (const track of [video, audio, ...data]) if (track !== undefined) this.#tracks.set(track.id, track);
  }

  /** Time goes on over a discontinuity; its new configuration, if any, comes as a generation. */
  discontinuity(): void {}

  frame(frame: Frame): void {
    const track = this.#tracks.get(frame.track);
    if (track === undefined || frame.data.length > MAX_TAG_BODY - 16) return;
    const start = this.#isStart(track, frame);
    const time = rescale(frame.dts, track.timescale, 1000);
    const wire = this.#wireTime(time, start);
    if (this.#announced !== this.#headers) this.#announce(wire);
    const composition = rescale(frame.pts, track.timescale, 1000) - time;
    this.#sink.chunk({
      parts: this.#tag(track, frame, wire, composition),
      dts: toMicros(frame.dts, track.timescale),
      randomAccess: start,
      urgent: track.kind === TrackKind.video,
    });
  }

  /** Nothing is held back. */
  flush(): void {}

  #isStart(track: Track, frame: Frame): boolean {
    if (track.kind === TrackKind.video) return frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    return track.kind === TrackKind.audio && this.#headers!.selection.video === undefined;
  }

  #wireTime(time: number, start: boolean): number {
    const epoch = this.#epoch;
    if (epoch !== undefined && time - epoch < (start ? ROLL_OVER_AT : END_OF_TIME)) return Math.max(0, time - epoch);
    if (epoch === undefined && time < ROLL_OVER_AT) {
      this.#epoch = 0;
      return Math.max(0, time);
    }
    this.#epoch = time - EPOCH_MARGIN;
    this.#announced = undefined;
    return EPOCH_MARGIN;
  }

  /** Tells the sink what the frames from here on need, stamped with the time of the first of them. */
  #announce(wire: number): void {
    const before = this.#announced;
    const now = this.#headers!;
    this.#announced = now;
    const change = before === undefined ? undefined : changeTags(before, now, wire);
    if (change?.length === 0) return;
    const { video, audio } = now.selection;
    const flags = fileHeader({ audio: audio !== undefined, video: video !== undefined });
    const bytes = concatenate([flags, ...metadataTag(now, wire), ...configTags(now, wire)]);
    this.#sink.init(change === undefined ? { bytes } : { bytes, change: concatenate(change) });
  }

  #tag(track: Track, frame: Frame, wire: number, composition: number): Uint8Array[] {
    switch (track.kind) {
      case TrackKind.video:
        return tagParts(TagType.video, wire, videoFrameParts(track, frame, composition, this.#options.signalling));
      case TrackKind.audio:
        return tagParts(TagType.audio, wire, audioFrameParts(track, frame.data));
      case TrackKind.data:
        return tagParts(TagType.script, wire, [frame.data]);
    }
  }
}

function metadataTag(headers: Headers, wire: number): Uint8Array[] {
  return tagParts(TagType.script, wire, [headers.metadata]);
}

function configTags({ video, audio }: Pick<Headers, "video" | "audio">, wire: number): Uint8Array[] {
  const videoTag = video.length === 0 ? [] : tagParts(TagType.video, wire, video);
  return audio.length === 0 ? videoTag : [...videoTag, ...tagParts(TagType.audio, wire, audio)];
}

/** What a viewer with the headers of before needs; undefined if it cannot go on, empty if nothing changed for it. */
function changeTags(before: Headers, now: Headers, wire: number): Uint8Array[] | undefined {
  const [had, has] = [before.selection, now.selection];
  if (!sameTrack(had.video, has.video) || !sameTrack(had.audio, has.audio)) return undefined;
  const metadata = sameBytes(before.metadata, now.metadata) ? [] : metadataTag(now, wire);
  const video = sameParts(before.video, now.video) ? [] : now.video;
  const audio = sameParts(before.audio, now.audio) ? [] : now.audio;
  return [...metadata, ...configTags({ video, audio }, wire)];
}

/** The same track in the sense that players cope with: what changes of it is in its sequence header. */
function sameTrack(a: Track | undefined, b: Track | undefined): boolean {
  return a?.id === b?.id && a?.codec === b?.codec;
}

function sameParts(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((part, i) => sameBytes(part, b[i]!));
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
