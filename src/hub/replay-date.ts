/** A wall-clock date and time, and the zone it is of: minutes east of Greenwich, undefined for this machine's own. */
interface Written {
  readonly date: readonly [year: number, month: number, day: number] | undefined;
  readonly time: readonly [hours: number, minutes: number, milliseconds: number];
  readonly zone: number | undefined;
}

const datePattern = String.raw`(?<year>\d{4})(?:-(?<month>\d\d)-(?<day>\d\d)|(?<monthday>\d{4}))`;
const timePattern = String.raw`(?<hours>\d\d)(?::(?<minutes>\d\d)(?::(?<seconds>\d\d))?|(?<minsec>\d\d(?:\d\d)?))(?:[.,](?<fraction>\d{1,9}))?`;
// A plus that was not escaped in a query has become a space.
const zonePattern = String.raw`(?<zone>z| *(?<sign>[-+ ])(?<zh>\d\d)(?::?(?<zm>\d\d))?)`;
const whole = new RegExp(`^(?:${datePattern} *)?t?${timePattern}${zonePattern}?$`, "i");
const dateAlone = new RegExp(`^${datePattern}$`);

/**
 * Reads a moment: ISO 8601 with or without separators, down to minutes, seconds or fractions, and as ffserver read it (its
 * `?date=`): no date is today, no zone is this machine's, a space may stand for the `T`. A date alone is its midnight.
 *
 * @param now Unix milliseconds
 * @returns Unix milliseconds; undefined for what is no date
 */
export function readDate(text: string, now: number): number | undefined {
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === "now") return now;
  const day = dateAlone.exec(trimmed)?.groups;
  if (day !== undefined) return unixOf({ date: dateOf(day), time: [0, 0, 0], zone: undefined }, now);
  const groups = whole.exec(trimmed)?.groups;
  if (groups === undefined) return undefined;
  const time = timeOf(groups);
  const zone = zoneOf(groups);
  if (time === undefined || zone === "none") return undefined;
  return unixOf({ date: groups.year === undefined ? undefined : dateOf(groups), time, zone }, now);
}

type Groups = Readonly<Record<string, string | undefined>>;

function dateOf({ year, month, day, monthday = "" }: Groups): Written["date"] {
  return [Number(year), Number(month ?? monthday.slice(0, 2)), Number(day ?? monthday.slice(2))];
}

function timeOf({ hours: h, minutes, seconds, minsec = "", fraction = "" }: Groups): Written["time"] | undefined {
  const [hours, m, s] = [Number(h), Number(minutes ?? minsec.slice(0, 2)), Number(seconds ?? minsec.slice(2))];
  const ms = s * 1000 + Math.floor(Number(`0.${fraction || 0}`) * 1000);
  // ISO 8601 knows the end of a day and leap seconds.
  const isMidnight = hours === 24 && m === 0 && ms === 0;
  return (hours < 24 || isMidnight) && m < 60 && s <= 60 ? [hours, m, ms] : undefined;
}

function zoneOf({ zone, sign, zh = "0", zm = "0" }: Groups): number | undefined | "none" {
  if (zone === undefined) return undefined;
  if (Number(zh) > 23 || Number(zm) > 59) return "none";
  return (sign === "-" ? -1 : 1) * (Number(zh) * 60 + Number(zm));
}

function unixOf({ date, time: [hours, minutes, milliseconds], zone }: Written, now: number): number | undefined {
  const [year, month, day] = date ?? today(zone, now);
  const noon = new Date(Date.UTC(year, month - 1, day, 12));
  if (year < 1970 || noon.getUTCMonth() !== month - 1 || noon.getUTCDate() !== day) return undefined;
  if (zone === undefined) return new Date(year, month - 1, day, hours, minutes, 0, milliseconds).getTime();
  return Date.UTC(year, month - 1, day, hours, minutes - zone, 0, milliseconds);
}

function today(zone: number | undefined, now: number): readonly [number, number, number] {
  if (zone === undefined) {
    const local = new Date(now);
    return [local.getFullYear(), local.getMonth() + 1, local.getDate()];
  }
  const there = new Date(now + zone * 60_000);
  return [there.getUTCFullYear(), there.getUTCMonth() + 1, there.getUTCDate()];
}
