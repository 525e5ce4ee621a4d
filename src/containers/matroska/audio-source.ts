import { describeAudio, describeAudioFrame } from "../../media/describe.ts";
import type { AudioDescription, SelfDescribed } from "../../media/describe.ts";
import type { FrameAccess } from "../../media/frame.ts";
import { Access } from "../../media/frame.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import type { CodecAndRecord } from "./codec-id.ts";
import type { SourceBase } from "./source.ts";
import type { TrackEntry } from "./track-entry.ts";

/** One audio track as its entry and its blocks tell of it. */
export class AudioSource {
  readonly #base: SourceBase;
  readonly #entry: TrackEntry;
  readonly #codec: Codec;
  readonly #bitRate: number | undefined;
  #track: AudioTrack | undefined;

  /** @throws ProtocolError if the record is broken */
  constructor(base: SourceBase, entry: TrackEntry, { codec, record, bitRate }: CodecAndRecord) {
    this.#base = base;
    this.#entry = entry;
    this.#codec = codec;
    this.#bitRate = bitRate;
    if (!isDescribedByFrame(codec)) this.#declare(record, describeAudio(codec, record));
  }

  /** The track, once its record or, for codecs without one, a frame has come. */
  get track(): AudioTrack | undefined {
    return this.#track;
  }

  /** Audio is never reordered. */
  get reorderDepth(): number {
    return 0;
  }

  /** A frame in the form ours have. @throws ProtocolError if the first one is not what its track says */
  frame(data: Uint8Array): FrameAccess & { readonly data: Uint8Array } {
    if (this.#track === undefined && isDescribedByFrame(this.#codec)) {
      const { config, ...sound } = describeAudioFrame(this.#codec, data);
      this.#declare(config, sound);
    }
    return { ...Access.closed, data };
  }

  #declare(config: Uint8Array, sound: AudioDescription): void {
    const { audio } = this.#entry;
    this.#track = {
      kind: TrackKind.audio,
      ...this.#base,
      codec: this.#codec,
      config,
      codecString: sound.codecString,
      sampleRate: sound.sampleRate || audio?.outputSampleRate || audio?.sampleRate || 0,
      channels: sound.channels || audio?.channels || 0,
      samplesPerFrame: sound.samplesPerFrame,
      ...(this.#bitRate === undefined ? {} : { bitRate: this.#bitRate }),
    };
  }
}

function isDescribedByFrame(codec: Codec): codec is SelfDescribed {
  return codec === Codec.mp3 || codec === Codec.mp2 || codec === Codec.ac3 || codec === Codec.eac3;
}
