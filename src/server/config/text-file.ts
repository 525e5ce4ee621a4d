import { open } from "node:fs/promises";

/** A small UTF-8 text file: its text, or words for why there is none. Reads `limit` bytes at most, whatever the file is. */
export async function readTextFile(file: string, limit: number): Promise<{ readonly text: string } | { readonly mistake: string }> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(limit + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return { text: new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length)) };
      length += bytesRead;
    }
  } catch (error) {
    return { mistake: readMistake(error) };
  }
  return { mistake: `longer than ${limit / 1024} KiB` };
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
