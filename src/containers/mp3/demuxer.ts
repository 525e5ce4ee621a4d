import { mpegAudioFormat } from "../../media/audio-format.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import { parseMpegAudioHeader } from "../../media/mp3.ts";
import { AudioFramesDemuxer, beginsWithFrames } from "../audio-frames.ts";

/** Reads MP3 and MP2 as files have them, and as encoders of internet radio send them. */
export class Mp3Demuxer extends AudioFramesDemuxer {
  constructor(sink: FrameSink) {
    super(sink, { name: "MPEG audio", format: mpegAudioFormat, isHeader: isInfoFrame });
  }
}

/** Whether input begins with such frames, or with a tag too long to look behind; undefined where more has to come to tell. */
export function beginsWithMp3(head: Uint8Array): boolean | undefined {
  return beginsWithFrames(head, mpegAudioFormat, true);
}

/** Bytes of a header, and of what stands before the sound where a header says that it has a checksum. */
const HEADER = 4;
const CHECKSUM = 2;
/** Where Fraunhofer's encoder puts its words, behind the header. */
const VBRI_OFFSET = 32;

/**
 * Whether a frame holds the length of its file and the like in place of sound: `Xing` or `Info` where the main data begin (behind the side
 * information, ISO/IEC 11172-3 2.4.1.7), or `VBRI`. Players leave it out.
 */
export function isInfoFrame(frame: Uint8Array): boolean {
  const { layer, samplesPerFrame, channels } = parseMpegAudioHeader(frame);
  if (layer !== 3) return false;
  const isMpeg1 = samplesPerFrame === 1152;
  const sideInformation = isMpeg1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  const checksum = (frame[1]! & 1) === 0 ? CHECKSUM : 0;
  const word = (at: number): string => String.fromCharCode(...frame.subarray(at, at + 4));
  const behind = word(HEADER + checksum + sideInformation);
  return behind === "Xing" || behind === "Info" || word(HEADER + VBRI_OFFSET) === "VBRI";
}
