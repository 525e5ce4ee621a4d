/**
 * Child program: publishes a file with FFmpeg 8.1's libavformat, payloads untouched. FFmpeg blocks Node's thread pool and its licence
 * is not ours, so it lives in a process of its own. `publishWithNodeAv` of node-av.ts starts it.
 *
 * One argument, JSON: NodeAvPublish. SIGINT ends the publication properly.
 */
import { FFmpegError, FormatContext, Packet } from "node-av/lib";
import type { Stream } from "node-av/lib";
import type { NodeAvPublish } from "./node-av.ts";
import { openedInput } from "./node-av-input.ts";

const { file, url, format, options, pace } = JSON.parse(process.argv[2] ?? "{}") as NodeAvPublish;

let stopped = false;
process.once("SIGINT", () => (stopped = true));

const input = await openedInput(file, {});
const output = await openedOutput(input.streams);
const packet = new Packet();
packet.alloc();
const started = performance.now();
let origin: number | undefined;
while (!stopped && (await input.readFrame(packet)) >= 0) {
  const from = input.streams[packet.streamIndex]!.timeBase;
  const at = (Number(packet.dts) * from.num * 1000) / from.den;
  origin ??= at;
  const wait = pace === 0 ? 0 : (at - origin) / pace - (performance.now() - started);
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  packet.rescaleTs(from, output.streams[packet.streamIndex]!.timeBase);
  check(await output.interleavedWriteFrame(packet), "write");
}
check(await output.writeTrailer(), "end");
await output.closeOutput();
await input.closeInput();

/** An output opened and its header written. libavformat takes a protocol's options only through a muxer that opens the URL itself: `tee` does. */
async function openedOutput(streams: readonly Stream[]): Promise<FormatContext> {
  const context = new FormatContext();
  const pairs = Object.entries({ f: format, ...options }).map(([name, value]) => `${name}=${value.replaceAll(/[\\':\]|]/g, "\\$&")}`);
  check(context.allocOutputContext2(null, "tee", `[${pairs.join(":")}]${url.replaceAll("|", "\\|")}`), "set up the output");
  for (const stream of streams) {
    const copy = context.newStream(null);
    check(stream.codecpar.copy(copy.codecpar), "copy the parameters");
    copy.codecpar.codecTag = 0;
    copy.timeBase = stream.timeBase;
  }
  check(await context.writeHeader(null), `open ${url}`);
  return context;
}

function check(result: number, what: string): void {
  FFmpegError.throwIfError(result, what);
}
