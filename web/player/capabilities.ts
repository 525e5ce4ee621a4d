import { codecName } from "./decoder-config.ts";
import { EngineKind } from "./engine-stats.ts";
import { mediaSourceClass, msePlays } from "./media-source.ts";
import type { StreamConfig, StreamTrack } from "./stream.ts";

/** Which engine to use; `auto` is MSE, and WebCodecs for what MSE does not play. */
export const EngineChoice = { auto: "auto", ...EngineKind } as const;
export type EngineChoice = (typeof EngineChoice)[keyof typeof EngineChoice];

/** What this browser makes of a stream. */
export interface Playable {
  /** Undefined where it plays none of it. */
  readonly engine: EngineKind | undefined;
  /** The stream without the tracks that are not played. */
  readonly config: StreamConfig;
  /** What is missing and why, in words for the viewer; "" where nothing is. */
  readonly missing: string;
}

/** What one engine plays of a stream. */
interface Offer {
  readonly engine: EngineKind;
  readonly tracks: readonly StreamTrack[];
}

/** Finds the engine that plays the most of a stream: MSE where it does as well as WebCodecs. */
export async function choosePlayable(config: StreamConfig, choice: EngineChoice): Promise<Playable> {
  const kinds = new Set(config.tracks.map((track) => track.kind)).size;
  let best: Offer | undefined;
  for (const engine of [EngineKind.mse, EngineKind.webcodecs]) {
    if (choice !== EngineChoice.auto && choice !== engine) continue;
    const tracks = await playedBy(engine, config.tracks);
    if (best === undefined || worth(tracks) > worth(best.tracks)) best = { engine, tracks };
    if (new Set(tracks.map((track) => track.kind)).size === kinds) break;
  }
  const tracks = best?.tracks ?? [];
  const missing = missingText(config, tracks);
  return { engine: tracks.length === 0 ? undefined : best?.engine, config: { tracks, leftOut: config.leftOut }, missing };
}

/** A picture without sound is worth more than sound without a picture. */
function worth(tracks: readonly StreamTrack[]): number {
  return (tracks.some((track) => track.kind === "video") ? 2 : 0) + (tracks.some((track) => track.kind === "audio") ? 1 : 0);
}

async function playedBy(engine: EngineKind, tracks: readonly StreamTrack[]): Promise<StreamTrack[]> {
  if (engine === EngineKind.mse) return tracks.filter((track) => msePlays(track.mimeType));
  const plays = await Promise.all(tracks.map(webCodecsPlays));
  return tracks.filter((_, index) => plays[index]);
}

async function webCodecsPlays(track: StreamTrack): Promise<boolean> {
  try {
    if (track.kind === "video") return (await globalThis.VideoDecoder?.isConfigSupported(videoDecoderConfig(track)))?.supported === true;
    return (await globalThis.AudioDecoder?.isConfigSupported(audioDecoderConfig(track)))?.supported === true;
  } catch {
    return false; // a codec string that the browser cannot even read
  }
}

export function videoDecoderConfig(track: StreamTrack): VideoDecoderConfig {
  const description = track.description === undefined ? {} : { description: track.description };
  return { codec: track.codec, codedWidth: track.width, codedHeight: track.height, optimizeForLatency: true, ...description };
}

export function audioDecoderConfig(track: StreamTrack): AudioDecoderConfig {
  const description = track.description === undefined ? {} : { description: track.description };
  return { codec: track.codec, sampleRate: track.sampleRate, numberOfChannels: track.channels, ...description };
}

function missingText(config: StreamConfig, played: readonly StreamTrack[]): string {
  if (mediaSourceClass() === undefined && globalThis.VideoDecoder === undefined) {
    return "It has neither Media Source Extensions nor WebCodecs. Use a current Chrome, Edge, Firefox or Safari.";
  }
  const missing = config.tracks.filter((track) => !played.some((other) => other.kind === track.kind));
  const names = [...new Set(missing.map((track) => codecName(track.codec)))];
  const sentences = config.leftOut.map((reason) => `${reason}.`);
  if (names.length > 0) {
    const what = played.length === 0 ? "" : missing[0]!.kind === "audio" ? "No sound: " : "No picture: ";
    sentences.unshift(`${what}${what === "" ? "This" : "this"} browser lacks ${names.join(" and ")}.${advice(missing)}`);
  }
  return sentences.join(" ");
}

/** Where a codec is at home, or what to tell whoever publishes. */
function advice(missing: readonly StreamTrack[]): string {
  if (missing.some((track) => /^h(?:vc|ev)1/.test(track.codec))) {
    return " Safari plays it, and Chrome or Edge on a machine with a decoder for it; or ask the publisher for H.264.";
  }
  const plain = missing[0]!.kind === "audio" ? "AAC" : "H.264";
  return ` Try another browser, or ask the publisher for ${plain}.`;
}
