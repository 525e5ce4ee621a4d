import type { z } from "zod";
import type { recordingChanges } from "../config/recording-schema.ts";
import type { Config } from "../config/schema.ts";
import type { CutRules } from "./piece-reader.ts";
import type { RecordingFormat } from "./file-muxer.ts";

/** What an MP4 file gets when it is complete. */
export type Finish = Config["recording"]["finish"];

/** How a recording is written. */
export interface RecordingPlan {
  readonly format: RecordingFormat;
  readonly template: string;
  readonly cut: CutRules;
  readonly finish: Finish;
}

/** What differs from the settings. Times in milliseconds, sizes in bytes. */
export type PlanChanges = z.output<typeof recordingChanges>;

type Settings = Config["recording"];

/** The plan that settings and what differs from them make. */
export function planOf(settings: Settings, changes: PlanChanges = {}): RecordingPlan {
  const { format, template, cutTime, cutSize, cutAtKeyFrames, finish } = settings;
  return {
    format: changes.format ?? format,
    template: changes.template ?? template,
    cut: {
      time: changes.cutTime ?? cutTime,
      size: changes.cutSize ?? cutSize,
      keyFrame: changes.cutAtKeyFrames ?? cutAtKeyFrames,
    },
    finish: changes.finish ?? finish,
  };
}

/** The plan for a stream that is recorded whenever it is live; undefined for one that is not. */
export function planFor(stream: string, settings: Settings): RecordingPlan | undefined {
  const rule = settings.streams.find((each) => matches(typeof each === "string" ? each : each.match, stream));
  if (rule === undefined) return undefined;
  return planOf(settings, typeof rule === "string" ? {} : rule);
}

/** Whether a stream's name fits a pattern: `*` is any part of one segment, `**` any number of segments. */
export function matches(pattern: string, stream: string): boolean {
  return fits(pattern.split("/"), stream.split("/"));
}

function fits([first, ...rest]: readonly string[], segments: readonly string[]): boolean {
  if (first === undefined) return segments.length === 0;
  if (first === "**") return segments.some((_, i) => fits(rest, segments.slice(i))) || fits(rest, []);
  const [segment, ...others] = segments;
  return segment !== undefined && segmentFits(first, segment) && fits(rest, others);
}

/** The pieces between stars stand in the segment in this order, the first at its beginning and the last at its end. */
function segmentFits(pattern: string, segment: string): boolean {
  const pieces = pattern.split("*");
  if (pieces.length === 1) return pattern === segment;
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (!segment.startsWith(first) || segment.length < first.length + last.length || !segment.endsWith(last)) return false;
  let at = first.length;
  const end = segment.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = segment.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
