/** Media playlists: RFC 8216bis 4.4.3 to 4.4.5. Text of what is given; nothing here knows of streams. */
import { attributeList, quoted, seconds } from "./attribute-list.ts";

export interface ListedPart {
  readonly uri: string;
  /** Seconds. */
  readonly duration: number;
  readonly independent: boolean;
}

export interface ListedSegment {
  readonly uri: string;
  /** Seconds; undefined for one that is not complete, of which only the parts are listed. */
  readonly duration: number | undefined;
  /** It does not follow from the one before. */
  readonly breaks: boolean;
  /** Unix milliseconds of its first frame. */
  readonly utc?: number | undefined;
  /** URI of its header (EXT-X-MAP). */
  readonly map?: string | undefined;
  /** There is nothing to fetch. */
  readonly isGap?: boolean;
  readonly parts?: readonly ListedPart[] | undefined;
}

/** How far another rendition is. */
export interface RenditionReport {
  readonly uri: string;
  readonly segment: number;
  readonly part: number | undefined;
}

/** What only a live playlist has. */
export interface LiveControl {
  /** Seconds from the end from which on players play, and from which back segments may be skipped. */
  readonly partHoldBack?: number | undefined;
  readonly canSkipUntil?: number | undefined;
  /** Seconds. */
  readonly partTarget?: number | undefined;
  /** URI of the part that comes next. */
  readonly hint?: string | undefined;
  readonly reports?: readonly RenditionReport[];
}

export interface MediaPlaylist {
  /** Whole seconds. */
  readonly targetDuration: number;
  /** Number of the first segment. */
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly ListedSegment[];
  readonly ended: boolean;
  /** All of it is there from the beginning and never changes. */
  readonly isFile?: boolean;
  /** Segments at the beginning that the player has: a delta update. */
  readonly skipped?: number;
  readonly live?: LiveControl;
}

/** With EXT-X-SKIP, 8. */
const VERSION = 9;

export function mediaPlaylist(playlist: MediaPlaylist): string {
  const { targetDuration, mediaSequence, discontinuitySequence, segments, ended, isFile = false, skipped = 0, live } = playlist;
  const lines = ["#EXTM3U", `#EXT-X-VERSION:${VERSION}`, `#EXT-X-TARGETDURATION:${targetDuration}`];
  if (live !== undefined) lines.push(...control(live));
  if (isFile) lines.push("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS");
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`);
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`);
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
  let map: string | undefined;
  segments.slice(skipped).forEach((segment, i) => {
    lines.push(...segmentLines(segment, i + skipped > 0, map));
    map = segment.map;
  });
  if (ended) lines.push("#EXT-X-ENDLIST");
  else if (live !== undefined) lines.push(...upcoming(live));
  return `${lines.join("\n")}\n`;
}

function control({ partHoldBack, canSkipUntil, partTarget }: LiveControl): string[] {
  const attributes = {
    "CAN-BLOCK-RELOAD": "YES",
    "CAN-SKIP-UNTIL": canSkipUntil && seconds(canSkipUntil),
    "PART-HOLD-BACK": partHoldBack && seconds(partHoldBack),
  };
  const lines = [`#EXT-X-SERVER-CONTROL:${attributeList(attributes)}`];
  if (partTarget !== undefined) lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(partTarget)}`);
  return lines;
}

function segmentLines(segment: ListedSegment, hasBefore: boolean, mapBefore: string | undefined): string[] {
  const { uri, duration, breaks, utc, map, isGap = false, parts = [] } = segment;
  const lines: string[] = [];
  // Of the first one its number says it.
  if (breaks && hasBefore) lines.push("#EXT-X-DISCONTINUITY");
  if (map !== undefined && map !== mapBefore) lines.push(`#EXT-X-MAP:${attributeList({ URI: quoted(map) })}`);
  if (utc !== undefined) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(utc).toISOString()}`);
  for (const part of parts) {
    const attributes = { DURATION: seconds(part.duration), URI: quoted(part.uri), INDEPENDENT: part.independent ? "YES" : undefined };
    lines.push(`#EXT-X-PART:${attributeList(attributes)}`);
  }
  if (duration === undefined) return lines;
  if (isGap) lines.push("#EXT-X-GAP");
  lines.push(`#EXTINF:${seconds(duration)},`, uri);
  return lines;
}

function upcoming({ hint, reports = [] }: LiveControl): string[] {
  const lines = reports.map(({ uri, segment, part }) => {
    return `#EXT-X-RENDITION-REPORT:${attributeList({ URI: quoted(uri), "LAST-MSN": segment, "LAST-PART": part })}`;
  });
  if (hint !== undefined) lines.unshift(`#EXT-X-PRELOAD-HINT:${attributeList({ TYPE: "PART", URI: quoted(hint) })}`);
  return lines;
}
