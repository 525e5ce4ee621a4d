import { createHash } from "node:crypto";

/** What stands for a frame's payload in comparisons: its SHA-256 in hexadecimal, which is what FFmpeg's `-f framehash` prints. */
export function frameHash(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
