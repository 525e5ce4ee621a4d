/**
 * Child program: reads a URL or file with FFmpeg 8.1's libavformat and prints one line of JSON for the tracks (NodeAvTrack[]) and
 * one for every packet (NodeAvPacket). `playWithNodeAv` of node-av.ts starts it.
 *
 * One argument, JSON: NodeAvPlay. SIGINT ends it properly; it ends by itself with the stream.
 */
import { createHash } from "node:crypto";
import { avGetCodecName, avGetMediaTypeString, Packet } from "node-av/lib";
import { openedInput } from "./node-av-input.ts";
import type { NodeAvPacket, NodeAvPlay, NodeAvTrack } from "./node-av.ts";

const { url, options } = JSON.parse(process.argv[2] ?? "{}") as NodeAvPlay;

/** AV_NOPTS_VALUE. */
const noTime = -(2n ** 63n);

let stopped = false;
process.once("SIGINT", () => (stopped = true));

const input = await openedInput(url, options);
print(
  input.streams.map(({ codecpar, timeBase }): NodeAvTrack => {
    const { codecId, codecType, extradata } = codecpar;
    return {
      kind: avGetMediaTypeString(codecType) ?? "unknown",
      codec: avGetCodecName(codecId) ?? "unknown",
      extradata: extradata?.toString("hex") ?? "",
      timeBase: [timeBase.num, timeBase.den],
    };
  }),
);
const packet = new Packet();
packet.alloc();
while (!stopped && (await input.readFrame(packet)) >= 0) {
  // FFmpeg's FLV reader makes an empty packet of a sequence start without a configuration, as AC-3 has it.
  if (packet.size === 0) continue;
  const { num, den } = input.streams[packet.streamIndex]!.timeBase;
  const micros = (ticks: bigint): number | undefined =>
    ticks === noTime ? undefined : Math.round((Number(ticks) * num * 1_000_000) / den);
  print({
    track: packet.streamIndex,
    ptsMicros: micros(packet.pts),
    dtsMicros: micros(packet.dts),
    isKey: packet.isKeyframe,
    bytes: packet.size,
    md5: createHash("md5")
      .update(packet.data ?? new Uint8Array())
      .digest("hex"),
  });
  packet.unref();
}
await input.closeInput();

function print(line: readonly NodeAvTrack[] | NodeAvPacket): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
