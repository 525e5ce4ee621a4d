import type { Hub } from "../../hub/hub.ts";

/** A past shorter than this is of no use to a viewer, and nothing is said of it. Milliseconds. */
const SHORTEST_PAST = 5000;
/** A past that begins so much later than its stream has lost its beginning already. Milliseconds. */
const TRIMMED_AFTER = 5000;
/** What is kept is passed on up to so much before its end. Milliseconds. */
const MARGIN = 1000;

/**
 * How far back the viewers of a stream may go, for players: `{ type: "past", now, oldest, keeps }`. `now` is this server's clock and `oldest` the
 * first moment there is (null before there is any), both ISO 8601; `keeps` the seconds before `now` that will be kept from here on, null
 * where no time limits them. With these a player knows at any later time how far back it may go. Undefined where that is nowhere.
 */
export function pastMessage(hub: Pick<Hub, "streams" | "archive" | "retention" | "scheduler">, name: string): string | undefined {
  const stream = hub.streams.get(name);
  const archive = hub.archive(name);
  const past = stream?.past;
  const oldest = past?.oldest ?? archive?.oldest?.utc;
  // Where bytes are what is short, and not time, the past that there is now says how long it will be.
  const isTrimmed = stream !== undefined && past !== undefined && past.oldest - stream.since > TRIMMED_AFTER;
  const wanted = archive === undefined ? hub.retention.beforeNewestStart : Infinity;
  const keeps = Math.min(wanted, isTrimmed ? past.milliseconds : Infinity) - MARGIN;
  if (keeps < SHORTEST_PAST) return undefined;
  return JSON.stringify({
    type: "past",
    now: new Date(hub.scheduler.wallClock()).toISOString(),
    oldest: oldest === undefined ? null : new Date(oldest).toISOString(),
    keeps: Number.isFinite(keeps) ? keeps / 1000 : null,
  });
}
