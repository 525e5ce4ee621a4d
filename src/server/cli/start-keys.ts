import { type KeyOrigin, openKeys } from "../access/first-key.ts";
import type { KeyRing } from "../access/key-ring.ts";
import type { PublishKey } from "../access/publish-key.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";

/** What the start text says of keys. */
export interface KeyFacts {
  /** The key to paste: that of every stream, else the first that is bound. Undefined where it is not to be shown. */
  readonly key: PublishKey | undefined;
  /** Where keys are kept and how they are shown, in a sentence. */
  readonly note: string;
  /** What should be mended, one sentence each. */
  readonly warnings: readonly string[];
}

interface KeyTelling {
  /** The command that shows the keys. */
  readonly command: string;
  /** Whether the start text may hold the key. */
  readonly shown: boolean;
}

/**
 * The keys of a server that is being started, and what to tell of them; undefined where everybody may publish. The log is
 * told the same, without a key.
 *
 * @throws {KeyFileError} where the file of keys is damaged
 */
export async function startKeys(
  { auth, feedsOnly, publishKey, data }: Config,
  telling: KeyTelling,
  log: Log,
): Promise<{ readonly ring?: KeyRing; readonly facts?: KeyFacts }> {
  if (feedsOnly) return {};
  if (!auth) {
    log.warn("everybody who reaches this server can publish: keys are switched off (--no-auth, auth: false)");
    return {};
  }
  const { keys, origin } = await openKeys(publishKey, data, (change, words) => {
    if (change === "read") log.info(words);
    else if (change === "gone") log.warn(words);
    else log.error(words);
  });
  const note = noteOn(origin, telling);
  const warnings = warningsOn(origin, telling);
  log.info(note);
  for (const text of warnings) log.warn(text);
  const key = keys.latest.find(({ stream }) => stream === undefined) ?? keys.latest[0];
  return { ring: keys, facts: { key: telling.shown ? key : undefined, note, warnings } };
}

function noteOn(origin: KeyOrigin, { command }: KeyTelling): string {
  switch (origin.kind) {
    case "setting":
      return "The publish key is the setting publishKey.";
    case "file":
      return `Publish keys are kept in ${origin.path}: "${command}" shows them.`;
    case "run":
      return "The publish key is for this run only.";
  }
}

function warningsOn(origin: KeyOrigin, { shown }: KeyTelling): string[] {
  switch (origin.kind) {
    case "setting":
      return [];
    case "file":
      return origin.exposed ? [`Other users of this machine can read ${origin.path}: chmod 600 ${origin.path}`] : [];
    case "run": {
      const unknown = shown ? "" : " Nobody can be told it here, so nobody can publish until then.";
      return [
        `No key can be kept: ${origin.path} cannot be written (${origin.reason}). Name another folder with --data DIR, or set a key with MILLRACE_PUBLISH_KEY.${unknown}`,
      ];
    }
  }
}
