/** What the elementary streams of a program are: ISO/IEC 13818-1 table 2-34, and what ATSC, DVB and the field added. */
import { TrackKind } from "../../media/track.ts";
import type { Descriptor } from "./descriptors.ts";
import { isRegistered, opusChannelsOf, saysAc3 } from "./descriptors.ts";
import { OPUS_FORMAT, opusHeadOf } from "./opus-unit.ts";
import type { PmtStream } from "./tables.ts";

export const StreamType = {
  mpeg1Video: 0x01,
  mpeg2Video: 0x02,
  mpeg1Audio: 0x03,
  mpeg2Audio: 0x04,
  privateSections: 0x05,
  privatePes: 0x06,
  adts: 0x0f,
  mpeg4Video: 0x10,
  latm: 0x11,
  metadata: 0x15,
  avc: 0x1b,
  hevc: 0x24,
  vvc: 0x33,
  ac3: 0x81,
  dts: 0x82,
  scte35: 0x86,
  eac3: 0x87,
} as const;

/** The forms of elementary streams that we read. */
export const Form = {
  avc: "avc",
  hevc: "hevc",
  mpegVideo: "mpeg-video",
  mpeg4Video: "mpeg4-video",
  adts: "adts",
  latm: "latm",
  mpegAudio: "mpeg-audio",
  ac3: "ac3",
  eac3: "eac3",
  opus: "opus",
} as const;
export type Form = (typeof Form)[keyof typeof Form];

/** What an entry of a PMT announces; undefined where that is nothing we carry. */
export function formOf({ type, descriptors }: PmtStream): Form | undefined {
  switch (type) {
    case StreamType.avc:
      return Form.avc;
    case StreamType.hevc:
      return Form.hevc;
    case StreamType.mpeg1Video:
    case StreamType.mpeg2Video:
      return Form.mpegVideo;
    case StreamType.mpeg4Video:
      return Form.mpeg4Video;
    case StreamType.adts:
      return Form.adts;
    case StreamType.latm:
      return Form.latm;
    case StreamType.mpeg1Audio:
    case StreamType.mpeg2Audio:
      return Form.mpegAudio;
    case StreamType.ac3:
      return Form.ac3;
    case StreamType.eac3:
      return Form.eac3;
    case StreamType.privatePes:
      return privateForm(descriptors);
    default:
      return undefined;
  }
}

function privateForm(descriptors: readonly Descriptor[]): Form | undefined {
  if (isRegistered(descriptors, OPUS_FORMAT)) return opusHeadOf(opusChannelsOf(descriptors) ?? 0, 0) === undefined ? undefined : Form.opus;
  if (isRegistered(descriptors, "HEVC")) return Form.hevc;
  if (isRegistered(descriptors, "AC-3")) return Form.ac3;
  if (isRegistered(descriptors, "EAC3")) return Form.eac3;
  return saysAc3(descriptors);
}

export type VideoForm = typeof Form.avc | typeof Form.hevc | typeof Form.mpegVideo | typeof Form.mpeg4Video;

export function isVideo(form: Form): form is VideoForm {
  return form === Form.avc || form === Form.hevc || form === Form.mpegVideo || form === Form.mpeg4Video;
}

export function kindOf(form: Form): typeof TrackKind.video | typeof TrackKind.audio {
  return isVideo(form) ? TrackKind.video : TrackKind.audio;
}

/** What is not carried, by the name its users know. */
const names: Readonly<Record<number, string>> = {
  [StreamType.privateSections]: "private sections",
  [StreamType.privatePes]: "private data",
  [StreamType.metadata]: "metadata",
  [StreamType.vvc]: "VVC",
  [StreamType.dts]: "DTS audio",
  [StreamType.scte35]: "SCTE-35 messages",
};

/** In words for a publisher. */
export function streamTypeName(type: number): string {
  return names[type] ?? `stream type 0x${type.toString(16).padStart(2, "0")}`;
}
