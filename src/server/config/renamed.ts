import { z } from "zod";
import { parseListen } from "./values.ts";

/** A setting that has another name now. */
export interface Renamed {
  /** The old path, `rtmp.listen`. */
  readonly from: string;
  /** The settings that took its place. */
  readonly to: readonly string[];
  /** The minor version that renamed it, `0.1`. The old key works in that one and is gone in the next. */
  readonly since: string;
  /** The kind of value the old key took; how a variable's text is read, and what editors are told. */
  readonly schema: z.ZodType;
  /** From the old value the new ones by path, or words where it cannot be read. */
  readonly convert: (value: unknown) => Readonly<Record<string, unknown>> | string;
}

/**
 * Every setting whose old name still works, in whatever way settings come. To rename one: change the schema, add a row
 * here and the old key to `RenamedInput`. A test fails when a row has served its time.
 */
export const renamedSettings: readonly Renamed[] = [oldListen("rtmp"), oldListen("http")];

function oldListen(role: "rtmp" | "http"): Renamed {
  return {
    from: `${role}.listen`,
    to: [`${role}.host`, `${role}.port`],
    since: "0.1",
    schema: z.union([z.int().min(0).max(65535), z.string()]),
    convert: (value) => hostAndPort(role, value),
  };
}

/** The old keys as programs may still write them. */
export interface RenamedInput {
  readonly rtmp?: {
    /** @deprecated `host` and `port` */
    readonly listen?: number | string;
  };
  readonly http?: {
    /** @deprecated `host` and `port` */
    readonly listen?: number | string;
  };
}

/** The settings that `[HOST:]PORT` stands for, or words where it cannot be read. A port alone leaves the host as it is. */
export function hostAndPort(role: "rtmp" | "http", value: unknown): Readonly<Record<string, unknown>> | string {
  if (typeof value !== "string" && typeof value !== "number") return "must be a port or HOST:PORT";
  const address = parseListen(String(value));
  if (typeof address === "string") return address;
  return { ...(address.host !== undefined && { [`${role}.host`]: address.host }), [`${role}.port`]: address.port };
}

/** Something about one setting: a mistake, or a warning. */
export interface Remark {
  readonly path: readonly string[];
  readonly message: string;
}

export interface Renaming {
  /** The settings under their new names; what was given is not changed. */
  readonly settings: unknown;
  readonly warnings: readonly Remark[];
  readonly mistakes: readonly Remark[];
  /** The old path by each new one that was set from it. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
}

/** What to tell who uses an old name. */
export function renamedWords({ to, since }: Pick<Renamed, "to" | "since">): string {
  return `now ${to.join(" and ")}; the old name is gone in version ${nextMinor(since)}`;
}

/** Puts settings that were given under their old names under their new ones. Both given is a mistake. */
export function renameSettings(given: unknown, table: readonly Renamed[] = renamedSettings): Renaming {
  const warnings: Remark[] = [];
  const mistakes: Remark[] = [];
  const origins = new Map<string, readonly string[]>();
  let settings = given;
  for (const row of table) {
    const path = row.from.split(".");
    const value = valueAt(given, path);
    if (value === undefined) continue;
    settings = withValue(settings, path, undefined);
    if (row.to.some((key) => valueAt(given, key.split(".")) !== undefined)) {
      mistakes.push({ path, message: `the old name of ${row.to.join(" and ")}; give the new ones only` });
      continue;
    }
    const converted = row.convert(value);
    if (typeof converted === "string") {
      mistakes.push({ path, message: converted });
      continue;
    }
    warnings.push({ path, message: renamedWords(row) });
    for (const [key, each] of Object.entries(converted)) {
      settings = withValue(settings, key.split("."), each);
      origins.set(key, path);
    }
  }
  return { settings, warnings, mistakes, origins };
}

/** The version after a minor one: `0.1` to `0.2`. */
export function nextMinor(version: string): string {
  const [major, minor] = version.split(".");
  return `${major}.${Number(minor) + 1}`;
}

/** The value at a path, undefined where there is none. */
export function valueAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  let value = settings;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A copy with the value at a path set, or taken away where it is undefined. Groups on the way are made where they are missing. */
export function withValue(settings: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  // What is no group is a mistake to be told of, not to be overwritten.
  if (settings !== undefined && !isGroup(settings)) return settings;
  const { [key]: inner, ...others }: Readonly<Record<string, unknown>> = settings ?? {};
  const changed = withValue(inner, rest, value);
  return changed === undefined ? others : { ...others, [key]: changed };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
