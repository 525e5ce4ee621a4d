/** Descriptors of programs and elementary streams, ISO/IEC 13818-1 2.6: what a stream type alone does not say. */
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { languageTag, threeLetterLanguage } from "../../media/language.ts";

/** Tags that we tell apart: ISO/IEC 13818-1 table 2-45, ETSI EN 300 468 table 12. */
const DescriptorTag = { registration: 0x05, language: 0x0a, ac3: 0x6a, eac3: 0x7a, extension: 0x7f } as const;
/** The extension descriptor that tells the channels of Opus: ETSI TS 103 491, as FFmpeg and GStreamer write it. */
const OPUS_CHANNELS = 0x80;

export interface Descriptor {
  readonly tag: number;
  readonly data: Uint8Array;
}

/** @throws ProtocolError where one is longer than the loop it stands in */
export function readDescriptors(loop: Uint8Array): Descriptor[] {
  const reader = new Reader(loop);
  const descriptors: Descriptor[] = [];
  while (reader.left > 0) descriptors.push({ tag: reader.u8(), data: reader.bytes(reader.u8()) });
  return descriptors;
}

export function descriptorBytes(descriptors: readonly Descriptor[]): Uint8Array {
  const writer = new Writer();
  for (const { tag, data } of descriptors) writer.u8(tag).u8(data.length).bytes(data);
  return writer.done();
}

/** 2.6.8: four characters that say what a private stream is, or whose. */
export function registration(format: string): Descriptor {
  return { tag: DescriptorTag.registration, data: new Writer(4).ascii(format).done() };
}

export function isRegistered(descriptors: readonly Descriptor[], format: string): boolean {
  return descriptors.some(
    ({ tag, data }) => tag === DescriptorTag.registration && data.length >= 4 && new Reader(data).fourCc() === format,
  );
}

/** Whether DVB's descriptors say AC-3 or E-AC-3 (EN 300 468 annex D). */
export function saysAc3(descriptors: readonly Descriptor[]): "ac3" | "eac3" | undefined {
  if (descriptors.some(({ tag }) => tag === DescriptorTag.eac3)) return "eac3";
  return descriptors.some(({ tag }) => tag === DescriptorTag.ac3) ? "ac3" : undefined;
}

/** 2.6.18: the language, and 0 for "undefined" as the kind of audio. */
export function language(tag: string): Descriptor {
  return { tag: DescriptorTag.language, data: new Writer(4).ascii(threeLetterLanguage(tag)).u8(0).done() };
}

/** BCP 47, of the first language where there are several. */
export function languageOf(descriptors: readonly Descriptor[]): string | undefined {
  const data = descriptors.find(({ tag }) => tag === DescriptorTag.language)?.data;
  return data === undefined || data.length < 3 ? undefined : languageTag(String.fromCharCode(...data.subarray(0, 3)));
}

/** @param code channel_config_code: 1 to 8 for as many channels in the order of Vorbis */
export function opusChannels(code: number): Descriptor {
  return { tag: DescriptorTag.extension, data: Uint8Array.of(OPUS_CHANNELS, code) };
}

/** channel_config_code; undefined where no descriptor has one. */
export function opusChannelsOf(descriptors: readonly Descriptor[]): number | undefined {
  return descriptors.find(({ tag, data }) => tag === DescriptorTag.extension && data[0] === OPUS_CHANNELS)?.data[1];
}
