/** Multivariant playlists: RFC 8216bis 4.4.6. */
import { attributeList, quoted } from "./attribute-list.ts";

/** A playlist of sound that goes with variants of its group. */
export interface AudioRendition {
  readonly uri: string;
  readonly name: string;
  /** BCP 47. */
  readonly language: string | undefined;
  readonly isDefault: boolean;
  readonly channels: number;
}

export interface Variant {
  readonly uri: string;
  /** Bits a second at most, and on average, of everything that is played with it. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  /** RFC 6381. */
  readonly codecs: readonly string[];
  /** Of pictures; undefined where there are none. */
  readonly picture?: { readonly width: number; readonly height: number; readonly frameRate: number } | undefined;
}

export interface MultivariantPlaylist {
  readonly variants: readonly Variant[];
  /** All of one group, which all variants are played with. */
  readonly audio: readonly AudioRendition[];
}

const VERSION = 6;
const AUDIO_GROUP = "audio";

export function multivariantPlaylist({ variants, audio }: MultivariantPlaylist): string {
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${VERSION}`];
  for (const { uri, name, language, isDefault, channels } of audio) {
    const attributes = {
      TYPE: "AUDIO",
      "GROUP-ID": quoted(AUDIO_GROUP),
      NAME: quoted(name),
      LANGUAGE: language === undefined ? undefined : quoted(language),
      DEFAULT: isDefault ? "YES" : "NO",
      AUTOSELECT: "YES",
      CHANNELS: channels > 0 ? quoted(String(channels)) : undefined,
      URI: quoted(uri),
    };
    lines.push(`#EXT-X-MEDIA:${attributeList(attributes)}`);
  }
  for (const { uri, bandwidth, averageBandwidth, codecs, picture } of variants) {
    const hasSize = picture !== undefined && picture.width > 0 && picture.height > 0;
    const attributes = {
      BANDWIDTH: bandwidth,
      "AVERAGE-BANDWIDTH": averageBandwidth,
      CODECS: codecs.length > 0 ? quoted(codecs.join(",")) : undefined,
      RESOLUTION: hasSize ? `${picture.width}x${picture.height}` : undefined,
      "FRAME-RATE": picture !== undefined && picture.frameRate > 0 ? picture.frameRate.toFixed(3) : undefined,
      AUDIO: audio.length > 0 ? quoted(AUDIO_GROUP) : undefined,
      "CLOSED-CAPTIONS": picture === undefined ? undefined : "NONE",
    };
    lines.push(`#EXT-X-STREAM-INF:${attributeList(attributes)}`, uri);
  }
  return `${lines.join("\n")}\n`;
}
