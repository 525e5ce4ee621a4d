/** Tracks and TrackEntry (RFC 9559 5.1.4), both directions. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { languageTag, threeLetterLanguage } from "../../media/language.ts";
import { readContentEncodings, unencoded } from "./content-encoding.ts";
import type { ContentEncoding } from "./content-encoding.ts";
import { element, elements, float, floatElement, text, textElement, unsigned, unsignedElement } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** TrackType. */
export const TrackType = { video: 1, audio: 2 } as const;

/** CICP code points (ITU-T H.273); 2 is unspecified. */
export interface Colour {
  readonly matrix: number;
  readonly transfer: number;
  readonly primaries: number;
  readonly isFullRange: boolean;
}

export interface VideoSettings {
  readonly width: number;
  readonly height: number;
  readonly colour: Colour | undefined;
}

export interface AudioSettings {
  /** Of the core coder, in Hz. */
  readonly sampleRate: number;
  /** At the decoder's output, where that differs; else 0. */
  readonly outputSampleRate: number;
  readonly channels: number;
  /** Bits of a sample; 0 where it means nothing. */
  readonly bitDepth: number;
}

export interface TrackEntry {
  /** TrackNumber, by which blocks name it. */
  readonly number: number;
  /** 1 video, 2 audio; others are not ours. */
  readonly type: number;
  readonly codecId: string;
  /** As it came, header stripping undone; empty where there is none. */
  readonly codecPrivate: Uint8Array;
  readonly isDefault: boolean;
  /** BCP 47. The standard takes a track that does not say for English; we take it for one that does not say. */
  readonly language: string | undefined;
  /** Nanoseconds of a frame; 0 where not said. */
  readonly defaultDuration: number;
  /** Nanoseconds to subtract from the times of blocks: what the codec puts before the first sound. */
  readonly codecDelay: number;
  readonly video: VideoSettings | undefined;
  readonly audio: AudioSettings | undefined;
  readonly encoding: ContentEncoding;
}

/** Entries in one Tracks; films have a few dozen subtitles. */
const MAX_ENTRIES = 256;
/** Frames decode so much before a place to be whole there (RFC 7845 4.6). */
const OPUS_PRE_ROLL = 80_000_000;
const DEFAULT_SAMPLE_RATE = 8000;

/** The body of Tracks. @throws ProtocolError */
export function readTracks(data: Uint8Array): TrackEntry[] {
  const entries = [...elements(data)].filter(({ id }) => id === ElementId.trackEntry);
  if (entries.length > MAX_ENTRIES) throw new ProtocolError("limit", `Matroska: ${entries.length} tracks, ${MAX_ENTRIES} allowed`);
  const tracks = entries.map(({ data: body }) => readTrackEntry(body));
  if (new Set(tracks.map(({ number }) => number)).size < tracks.length)
    throw new ProtocolError("malformed", "Matroska: two tracks of one number");
  return tracks;
}

function readTrackEntry(data: Uint8Array): TrackEntry {
  const values = new Map([...elements(data)].map((each) => [each.id, each.data]));
  const integer = (id: number, absent: number): number => (values.has(id) ? unsigned(values.get(id)!) : absent);
  const master = <T>(id: number, read: (body: Uint8Array) => T): T | undefined => (values.has(id) ? read(values.get(id)!) : undefined);
  const number = integer(ElementId.trackNumber, 0);
  if (number === 0) throw new ProtocolError("malformed", "Matroska: a track without a number");
  const speed = values.has(ElementId.trackTimestampScale) ? float(values.get(ElementId.trackTimestampScale)!) : 1;
  if (speed !== 1) throw new ProtocolError("unsupported", `Matroska: track ${number} has its own TrackTimestampScale, ${speed}`);
  const encoding = master(ElementId.contentEncodings, readContentEncodings) ?? unencoded;
  return {
    number,
    type: integer(ElementId.trackType, 0),
    codecId: text(values.get(ElementId.codecId) ?? new Uint8Array(0)).slice(0, 64),
    codecPrivate: withPrefix(encoding.privatePrefix, values.get(ElementId.codecPrivate)),
    isDefault: integer(ElementId.flagDefault, 1) === 1 && integer(ElementId.flagEnabled, 1) === 1,
    language: languageOf(values),
    defaultDuration: integer(ElementId.defaultDuration, 0),
    codecDelay: integer(ElementId.codecDelay, 0),
    video: master(ElementId.video, readVideo),
    audio: master(ElementId.audio, readAudio),
    encoding,
  };
}

/** A copy: a track outlives the bytes it came in. */
function withPrefix(prefix: Uint8Array, data: Uint8Array | undefined): Uint8Array {
  if (data === undefined) return new Uint8Array(0);
  const whole = new Uint8Array(prefix.length + data.length);
  whole.set(prefix);
  whole.set(data, prefix.length);
  return whole;
}

function languageOf(values: ReadonlyMap<number, Uint8Array>): string | undefined {
  const tag = values.get(ElementId.languageBcp47);
  if (tag !== undefined) return /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$/.exec(text(tag))?.[0];
  const code = values.get(ElementId.language);
  return code === undefined ? undefined : languageTag(text(code).slice(0, 3));
}

function readVideo(data: Uint8Array): VideoSettings {
  let [width, height] = [0, 0];
  let colour: Colour | undefined;
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.pixelWidth) width = unsigned(value);
    if (id === ElementId.pixelHeight) height = unsigned(value);
    if (id === ElementId.colour) colour = readColour(value);
  }
  return { width, height, colour };
}

/** Code points have eight bits everywhere else. */
function codePoint(value: Uint8Array): number {
  const point = unsigned(value);
  return point > 255 ? 2 : point;
}

const FULL_RANGE = 2;

function readColour(data: Uint8Array): Colour {
  let [matrix, transfer, primaries, range] = [2, 2, 2, 0];
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.matrixCoefficients) matrix = codePoint(value);
    if (id === ElementId.transferCharacteristics) transfer = codePoint(value);
    if (id === ElementId.primaries) primaries = codePoint(value);
    if (id === ElementId.range) range = unsigned(value);
  }
  return { matrix, transfer, primaries, isFullRange: range === FULL_RANGE };
}

function readAudio(data: Uint8Array): AudioSettings {
  let [sampleRate, outputSampleRate, channels, bitDepth] = [DEFAULT_SAMPLE_RATE, 0, 1, 0];
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.samplingFrequency) sampleRate = float(value);
    if (id === ElementId.outputSamplingFrequency) outputSampleRate = float(value);
    if (id === ElementId.channels) channels = unsigned(value);
    if (id === ElementId.bitDepth) bitDepth = unsigned(value);
  }
  return {
    sampleRate: checkedRate(sampleRate),
    outputSampleRate: checkedRate(outputSampleRate),
    channels: Math.min(channels, 255),
    bitDepth,
  };
}

/** Hz that a converter could have; whole, as everywhere else. */
function checkedRate(rate: number): number {
  return rate >= 1 && rate <= 768_000 ? Math.round(rate) : 0;
}

/** Tracks of what we write. */
export function tracksElement(entries: readonly TrackEntry[]): Uint8Array {
  return element(ElementId.tracks, ...entries.map(trackEntryElement));
}

function trackEntryElement(entry: TrackEntry): Uint8Array {
  const { number, language, defaultDuration, codecDelay, codecPrivate, video, audio } = entry;
  const parts = [
    unsignedElement(ElementId.trackNumber, number),
    unsignedElement(ElementId.trackUid, number),
    unsignedElement(ElementId.trackType, entry.type),
    unsignedElement(ElementId.flagDefault, Number(entry.isDefault)),
    unsignedElement(ElementId.flagLacing, 0),
    textElement(ElementId.language, threeLetterLanguage(language)),
    textElement(ElementId.codecId, entry.codecId),
  ];
  if (language !== undefined) parts.push(textElement(ElementId.languageBcp47, language));
  if (defaultDuration > 0) parts.push(unsignedElement(ElementId.defaultDuration, defaultDuration));
  if (codecPrivate.length > 0) parts.push(element(ElementId.codecPrivate, codecPrivate));
  if (codecDelay > 0) parts.push(unsignedElement(ElementId.codecDelay, codecDelay));
  if (entry.codecId === "A_OPUS") parts.push(unsignedElement(ElementId.seekPreRoll, OPUS_PRE_ROLL));
  if (video !== undefined) parts.push(videoElement(video));
  if (audio !== undefined) parts.push(audioElement(audio));
  return element(ElementId.trackEntry, ...parts);
}

function videoElement({ width, height, colour }: VideoSettings): Uint8Array {
  const size = [unsignedElement(ElementId.pixelWidth, width), unsignedElement(ElementId.pixelHeight, height)];
  if (colour === undefined) return element(ElementId.video, ...size);
  const points = element(
    ElementId.colour,
    unsignedElement(ElementId.matrixCoefficients, colour.matrix),
    unsignedElement(ElementId.range, colour.isFullRange ? FULL_RANGE : 1),
    unsignedElement(ElementId.transferCharacteristics, colour.transfer),
    unsignedElement(ElementId.primaries, colour.primaries),
  );
  return element(ElementId.video, ...size, points);
}

function audioElement({ sampleRate, outputSampleRate, channels, bitDepth }: AudioSettings): Uint8Array {
  const parts = [floatElement(ElementId.samplingFrequency, sampleRate), unsignedElement(ElementId.channels, channels)];
  if (outputSampleRate > 0) parts.push(floatElement(ElementId.outputSamplingFrequency, outputSampleRate));
  if (bitDepth > 0) parts.push(unsignedElement(ElementId.bitDepth, bitDepth));
  return element(ElementId.audio, ...parts);
}
