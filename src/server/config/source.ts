import type { SettingPlace } from "./problem.ts";
import { withValue } from "./renamed.ts";
import type { Path } from "./settings.ts";

/** Settings of one origin, as they were written there. */
export interface Source {
  /** In the shape of the YAML file; may hold anything. */
  readonly settings: unknown;
  /** Where a setting stands, its key or its value; undefined for settings that a program passed. */
  readonly place: (path: Path, part: "key" | "value") => SettingPlace | undefined;
}

/** Settings that a program passes. */
export function programSource(settings: unknown): Source {
  return { settings, place: () => undefined };
}

/** Settings that were given one by one, each with its place. */
export function singleSettings(
  given: readonly { readonly path: readonly string[]; readonly value: unknown; readonly place: SettingPlace }[],
): Source {
  let settings: unknown = {};
  for (const { path, value } of given) settings = withValue(settings, path, value);
  return {
    settings,
    place: (path) => given.find((each) => each.path.every((key, index) => key === path[index]))?.place,
  };
}
