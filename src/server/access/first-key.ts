import { KeyFile, type KeyFileState } from "./key-file.ts";
import { KeyRing, type KeyRingOptions } from "./key-ring.ts";
import { newKey } from "./publish-key.ts";

/** Where the keys of a server are from, for the person who starts it. */
export type KeyOrigin =
  /** The setting `publishKey`. */
  | { readonly kind: "setting" }
  /** The file in the data folder. `exposed`: other users of this machine can read it. */
  | { readonly kind: "file"; readonly path: string; readonly exposed: boolean }
  /** Nothing can be kept: one key for this run. `reason` is the system's code, such as EROFS. */
  | { readonly kind: "run"; readonly path: string; readonly reason: string };

export interface OpenKeys {
  readonly keys: KeyRing;
  readonly origin: KeyOrigin;
}

/**
 * The keys of a server that is started as a program: those of the file in the data folder, which the first start makes.
 * With the setting `publishKey` none is made, and those that are there count as well.
 *
 * @throws {KeyFileError} where the file is damaged
 */
export async function openKeys(setting: string | undefined, folder: string, onChange: KeyRingOptions["onChange"] & {}): Promise<OpenKeys> {
  const file = new KeyFile(folder);
  if (setting !== undefined) {
    const keys = new KeyRing({ fixed: [{ key: setting, stream: undefined }], file, onChange });
    await keys.load().catch(rethrowDamage);
    return { keys, origin: { kind: "setting" } };
  }
  let state: KeyFileState;
  try {
    state = await file.readOrMake();
  } catch (error) {
    rethrowDamage(error);
    const keys = new KeyRing({ fixed: [{ key: newKey(), stream: undefined }] });
    return { keys, origin: { kind: "run", path: file.path, reason: (error as NodeJS.ErrnoException).code ?? String(error) } };
  }
  const keys = new KeyRing({ fixed: [], file, onChange });
  await keys.load();
  return { keys, origin: { kind: "file", path: file.path, exposed: state.exposed } };
}

/** What the system refuses can be lived without; a damaged file is the operator's to mend. */
function rethrowDamage(error: unknown): void {
  if (!isRefused(error)) throw error;
}

/** Whether it is the system that says no, or Node itself where it runs with its permission model. */
export function isRefused(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && ("syscall" in error || ("code" in error && error.code === "ERR_ACCESS_DENIED"));
}
