import { open } from "node:fs/promises";

/**
 * A small text file: its text, or words for why there is none. Reads `limit` bytes at most, whatever the file is.
 *
 * @param encoding of the text; `any` takes what is not UTF-8 for Latin-1, as files of before have it
 */
export async function readTextFile(
  file: string,
  limit: number,
  encoding: "utf-8" | "any" = "utf-8",
): Promise<{ readonly text: string } | { readonly mistake: string }> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return { text: decoded(buffer.subarray(0, length), encoding) };
      length += bytesRead;
    }
  } catch (error) {
    return { mistake: readMistake(error) };
  }
  return { mistake: `longer than ${limit / 1024} KiB` };
}

function decoded(bytes: Buffer, encoding: "utf-8" | "any"): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (encoding === "utf-8") throw error;
    return bytes.toString("latin1");
  }
}

function readMistake(error: unknown): string {
  if (error instanceof TypeError) return "not UTF-8 text";
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "a directory; give the file itself";
    case "EACCES":
    case "EPERM":
      return "not readable by this user";
    default:
      return message;
  }
}
