import type { AudioTrack, StreamFacts, Track, VideoTrack } from "./facts.ts";

/** Bits per second as people write them: `2.1 Mb/s`, `96 kb/s`. */
export function bitRate(bitsPerSecond: number): string {
  if (!(bitsPerSecond > 0)) return "–";
  if (bitsPerSecond < 999_500) return `${Math.max(1, Math.round(bitsPerSecond / 1000))} kb/s`;
  const megabits = bitsPerSecond / 1_000_000;
  return `${megabits < 9.95 ? megabits.toFixed(1) : Math.round(megabits)} Mb/s`;
}

/** A length of time in its one or two largest units: `8 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(`${hours} h`, minutes % 60, "min");
  return joined(`${Math.floor(hours / 24)} d`, hours % 24, "h");
}

function joined(large: string, small: number, unit: string): string {
  return small === 0 ? large : `${large} ${small} ${unit}`;
}

/** A short span in seconds: `420 ms`, `1.4 s`; a dash where it is not known. */
export function span(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const milliseconds = Math.max(0, seconds * 1000);
  return milliseconds < 995 ? `${Math.round(milliseconds / 10) * 10} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `1 viewer`, `3 viewers`, `1,204 viewers`. */
export function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

const codecNames: ReadonlyMap<string, string> = new Map([
  ["avc", "H.264"],
  ["hevc", "HEVC"],
  ["av1", "AV1"],
  ["vp9", "VP9"],
  ["vp8", "VP8"],
  ["aac", "AAC"],
  ["mp3", "MP3"],
  ["opus", "Opus"],
  ["flac", "FLAC"],
  ["ac3", "AC-3"],
  ["eac3", "E-AC-3"],
  ["pcm-alaw", "G.711 A-law"],
  ["pcm-mulaw", "G.711 µ-law"],
  ["pcm-le", "PCM"],
  ["adpcm", "ADPCM"],
  ["h263", "H.263"],
  ["vp6", "VP6"],
  ["vvc", "VVC"],
  ["speex", "Speex"],
  ["nellymoser", "Nellymoser"],
  ["mpeg1video", "MPEG-1"],
  ["mpeg2video", "MPEG-2"],
  ["mpeg4", "MPEG-4"],
  ["mjpeg", "Motion JPEG"],
  ["theora", "Theora"],
  ["mp2", "MP2"],
  ["vorbis", "Vorbis"],
]);

/** A codec's usual name; what is not known is shown as the server calls it. */
export function codecName(codec: string): string {
  return codecNames.get(codec) ?? codec;
}

/** `H.264 1280×720 24 fps` */
export function videoText(track: VideoTrack): string {
  const size = track.width > 0 && track.height > 0 ? `${track.width}×${track.height}` : "";
  // 29.97 and 23.976 keep their decimals, 30 and 24 need none.
  const rate = track.frameRate > 0 ? `${Number(track.frameRate.toFixed(2))} fps` : "";
  return [codecName(track.codec), size, rate].filter((part) => part !== "").join(" ");
}

/** `AAC 48 kHz stereo` */
export function audioText(track: AudioTrack): string {
  const rate = track.sampleRate > 0 ? `${Number((track.sampleRate / 1000).toFixed(2))} kHz` : "";
  return [codecName(track.codec), rate, channelsText(track.channels)].filter((part) => part !== "").join(" ");
}

function channelsText(channels: number): string {
  switch (channels) {
    case 0:
      return "";
    case 1:
      return "mono";
    case 2:
      return "stereo";
    case 6:
      return "5.1";
    case 8:
      return "7.1";
    default:
      return `${channels} channels`;
  }
}

/** The first track of a kind; more of them are counted: `AAC 48 kHz stereo +1`. */
export function tracksText(tracks: readonly Track[], kind: "video" | "audio"): string {
  const all = tracks.filter((track) => track.kind === kind);
  const first = all[0];
  const more = all.length > 1 ? ` +${all.length - 1}` : "";
  switch (first?.kind) {
    case "video":
      return videoText(first) + more;
    case "audio":
      return audioText(first) + more;
    default:
      return "";
  }
}

/** What the state of a stream is called. */
export function stateName(state: StreamFacts["state"]): string {
  switch (state) {
    case "live":
      return "Live";
    case "reconnecting":
      return "Reconnecting";
    case "waiting":
      return "Starting";
  }
}

/** An encoder as people know it, from what it calls itself on the wire; what is not known is shown as it is. */
export function encoderName(text: string): string {
  const obs = /libobs version ([\d.]+)/.exec(text);
  if (obs) return `OBS ${obs[1]}`;
  const ffmpeg = /\bLavf[\d.]*/.exec(text);
  if (ffmpeg) return `FFmpeg (${ffmpeg[0]})`;
  return text;
}
