/** Publishes a clip over and over to a feed, as an encoder of today does. */
import { makeClip } from "./clip.ts";
import { start } from "./program.ts";
import { setTimeout as delay } from "node:timers/promises";

/** Resolves when the feed's stream is live. It is published until it is disposed of. */
export async function postClip(url: string, userAgent = "an encoder"): Promise<AsyncDisposable> {
  const clip = await makeClip({ seconds: 3 });
  const input = ["-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv"];
  const program = start("ffmpeg", ["-v", "error", "-nostdin", ...input, "-user_agent", userAgent, url]);
  await until(async () => {
    const answer = await fetch(url, { method: "HEAD" });
    return answer.ok && answer.headers.get("content-length") === null;
  });
  return program;
}

/** What a check gives once that is something, within ten seconds. */
export async function until<Value>(check: () => Promise<Value | false | undefined>): Promise<Value> {
  const end = performance.now() + 10_000;
  for (;;) {
    const value = await check();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > end) throw new Error("it did not come to be within 10 s");
    await delay(20);
  }
}
