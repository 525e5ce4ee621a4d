import { readDate } from "../../hub/replay-date.ts";
import { type PastTime, type ReplayOptions, ReplayPace } from "../../hub/replay-place.ts";
import { HttpProblem } from "./http-problem.ts";

/**
 * Where in a stream's past a viewer's query begins; undefined where it asks for live.
 *
 * @param now Unix milliseconds
 * @throws {HttpProblem} `bad-query`
 */
export function replayOf(query: URLSearchParams, now: number): ReplayOptions | undefined {
  const pace = paceOf(query.get("pace"));
  const preroll = secondsOf("preroll", query.get("preroll"));
  const behind = secondsOf("buffer", query.get("buffer"));
  const date = query.get("date");
  if (date !== null && behind !== undefined) throw badQuery("?date= and ?buffer= both say where to begin: give one of them.");
  const from = date === null ? { behind: behind ?? 0 } : momentOf(date, now);
  // What is live has the same bytes for all.
  if ("behind" in from && from.behind === 0 && (preroll ?? 0) === 0) return undefined;
  return { from, pace, ...(preroll !== undefined && { preroll }) };
}

function paceOf(text: string | null): ReplayPace {
  if (text === null || text === ReplayPace.real) return ReplayPace.real;
  if (text === ReplayPace.fast) return text;
  throw badQuery("?pace= takes real or fast.");
}

/** Milliseconds. @throws {HttpProblem} `bad-query` */
export function secondsOf(parameter: string, text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) throw badQuery(`?${parameter}= takes seconds, such as 30 or 2.5.`);
  return Number(text) * 1000;
}

function momentOf(text: string, now: number): PastTime {
  const utc = readDate(text, now);
  if (utc === undefined) throw badQuery("?date= takes a time such as 2030-12-31T13:05:00Z (local without Z), 13:05:00 (today) or now.");
  if (utc > now) throw badQuery("?date= lies in the future; without a zone it is this server's local time.");
  return utc === now ? { behind: 0 } : { utc };
}

/** Short enough for the close frame of a WebSocket. */
function badQuery(words: string): HttpProblem {
  return new HttpProblem(400, "bad-query", words);
}
