import type { PlayerStats } from "../player/stats.ts";
import { element, setText } from "./element.ts";
import type { StreamFacts } from "./facts.ts";
import { bitRate, count, duration, encoderName, span, tracksText } from "./format.ts";

/** One figure: its name, what it means, and how it is read. */
interface Figure {
  readonly label: string;
  readonly meaning: string;
  readonly text: (stats: PlayerStats | undefined, stream: StreamFacts | undefined, now: number) => string;
}

const none = "–";

const figures: readonly Figure[] = [
  {
    label: "Latency",
    meaning: "From the server's clock to your screen, as exact as the two clocks agree",
    text: (stats) => span(stats?.latency ?? null),
  },
  {
    label: "Buffer",
    meaning: "Media ahead of what you see",
    text: (stats) => (stats && stats.engine !== null ? span(stats.buffer) : none),
  },
  {
    label: "Dropped frames",
    meaning: "Pictures that came too late to be shown, of all that were decoded",
    text: (stats) => (stats && stats.decodedFrames > 0 ? droppedText(stats) : none),
  },
  {
    label: "Bit rate",
    meaning: "What arrives here; where nothing is played, what the publisher sends",
    text: (stats, stream) => bitRate(stats && stats.bitrate > 0 ? stats.bitrate : (stream?.bitrate ?? 0)),
  },
  {
    label: "Picture",
    meaning: "Codec, size, frames per second",
    text: (_, stream) => (stream && tracksText(stream.tracks, "video")) || none,
  },
  { label: "Sound", meaning: "Codec, sample rate, channels", text: (_, stream) => (stream && tracksText(stream.tracks, "audio")) || none },
  {
    label: "Viewers",
    meaning: "Watching this stream now, by any protocol",
    text: (_, stream) => (stream ? stream.viewers.toLocaleString("en") : none),
  },
  {
    label: "On air",
    meaning: "Since the stream began",
    text: (_, stream, now) => (stream ? duration(now - Date.parse(stream.since)) : none),
  },
  { label: "Publisher", meaning: "Encoder and protocol", text: (_, stream) => publisherText(stream) },
];

function droppedText({ droppedFrames, decodedFrames }: PlayerStats): string {
  const share = (droppedFrames / decodedFrames) * 100;
  const percent = droppedFrames === 0 ? "" : ` (${share < 0.1 ? "<0.1" : share.toFixed(1)} %)`;
  return `${droppedFrames.toLocaleString("en")}${percent}`;
}

function publisherText(stream: StreamFacts | undefined): string {
  if (!stream?.publisher) return none;
  const { encoder, protocol } = stream.publisher;
  return [encoderName(encoder), protocol.toUpperCase()].filter((part) => part !== "").join(", ");
}

/** The figures beside the player. */
export class WatchFigures {
  readonly #values: readonly HTMLElement[];

  constructor(list: HTMLElement) {
    this.#values = figures.map(({ label, meaning }) => {
      const value = element("dd", {}, none);
      list.append(element("div", { title: meaning }, element("dt", {}, label), value));
      return value;
    });
  }

  /** @param now Unix milliseconds */
  show(stats: PlayerStats | undefined, stream: StreamFacts | undefined, now: number): void {
    for (const [index, figure] of figures.entries()) {
      const value = this.#values[index];
      if (value) setText(value, figure.text(stats, stream, now));
    }
  }
}

/** The line beside the name. */
export function audienceText(stream: StreamFacts | undefined, now: number): string {
  if (!stream) return "";
  return `${count(stream.viewers, "viewer", "viewers")} · on air ${duration(now - Date.parse(stream.since))}`;
}
