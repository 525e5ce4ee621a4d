/** A feed's file cannot be used. The words name the file and the reason. */
export class FeedFileError extends Error {
  override readonly name = "FeedFileError";
  /** The path as it was opened. */
  readonly file: string;
  /** The system's code (`ENOSPC`, `EACCES` …), where it was the system that said no. */
  readonly code: string | undefined;

  constructor(file: string, words: string, cause?: unknown) {
    super(`the feed file ${file} ${words}`, { cause });
    this.file = file;
    this.code = cause === undefined ? undefined : errorCode(cause);
  }
}

/** The system's code of an error of the disk. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Why a file cannot be used, by the system's code. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case "EACCES":
    case "EPERM":
      return `cannot be opened for writing: this user may not (${code})`;
    case "EROFS":
      return "cannot be written: its file system is read-only (EROFS)";
    case "ENOSPC":
    case "EDQUOT":
      return `cannot be written: the disk is full (${code})`;
    case "EISDIR":
      return "is a folder; name a file";
    case "ELOOP":
    case "EMLINK":
      return "is a symbolic link, which is not followed; name the file that it leads to";
    case "ENOENT":
      return "is not there, or its folder is not (ENOENT)";
    case "ENOTDIR":
      return "lies below something that is no folder (ENOTDIR)";
    default:
      return `cannot be used: ${code ?? String(error)}`;
  }
}
