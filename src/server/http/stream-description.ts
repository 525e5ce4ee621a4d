import { z } from "@hono/zod-openapi";
import type { Stream } from "../../hub/stream.ts";
import type { Track } from "../../media/track.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";

const trackBase = {
  id: z.int(),
  codec: z.string(),
  codecString: z.string().openapi({ description: "RFC 6381; empty where there is none" }),
};

const trackSchema = z
  .discriminatedUnion("kind", [
    z.object({
      ...trackBase,
      kind: z.literal("video"),
      width: z.int(),
      height: z.int(),
      frameRate: z.number().openapi({ description: "0 where unknown" }),
    }),
    z.object({ ...trackBase, kind: z.literal("audio"), sampleRate: z.int(), channels: z.int() }),
    z.object({ ...trackBase, kind: z.literal("data") }),
  ])
  .openapi("Track");

export const streamSchema = z
  .object({
    name: z.string(),
    state: z.enum(["live", "reconnecting", "waiting"]).openapi({
      description: "`waiting`: a publisher is connected and has not sent its tracks yet; `reconnecting`: it was lost and is waited for",
    }),
    since: z.iso.datetime(),
    bitrate: z.int().openapi({ description: "What the publisher sends, bits per second" }),
    viewers: z.int(),
    past: z.object({ oldest: z.iso.datetime(), seconds: z.number() }).nullable().openapi({
      description: "How far back viewers may go (`?date=`, `?buffer=`): to when, and for how long; null before the first picture",
    }),
    file: z.object({ failing: z.boolean(), lost: z.int(), written: z.int() }).nullable().openapi({
      description:
        "For a feed that is kept in a file: whether it cannot be written now, entries of the stream that were lost to it, and bytes written, since the start",
    }),
    publisher: z
      .object({ protocol: z.string(), address: z.string(), encoder: z.string() })
      .nullable()
      .openapi({ description: "null while it is lost" }),
    tracks: z.array(trackSchema),
    containers: z.array(z.string()).openapi({ description: "Those of `server.containers` that can carry any of its tracks, by name" }),
  })
  .openapi("Stream");

/** What the API says of a stream. */
export type StreamDescription = z.infer<typeof streamSchema>;

export function describeStream(stream: Stream, containers: ContainerRegistry): StreamDescription {
  const tracks = stream.timeline.current?.tracks ?? [];
  const info = stream.publication?.info;
  return {
    name: stream.name,
    state: stream.state === "ended" ? "reconnecting" : stream.state,
    since: new Date(stream.since).toISOString(),
    bitrate: Math.round(stream.bitrate),
    viewers: stream.viewers,
    past: describePast(stream),
    file: describeFile(stream),
    publisher: info ? { protocol: info.protocol, address: info.address, encoder: info.encoder } : null,
    tracks: tracks.map(describeTrack),
    containers: containers.carrying(tracks),
  };
}

function describePast({ past }: Stream): StreamDescription["past"] {
  return past === undefined ? null : { oldest: new Date(past.oldest).toISOString(), seconds: Math.round(past.milliseconds) / 1000 };
}

function describeFile({ keeper }: Stream): StreamDescription["file"] {
  if (keeper === undefined) return null;
  const { failing, lost, written } = keeper.health;
  return { failing, lost, written };
}

function describeTrack(track: Track): StreamDescription["tracks"][number] {
  const { id, codec, codecString } = track;
  switch (track.kind) {
    case "video":
      return { id, kind: track.kind, codec, codecString, width: track.width, height: track.height, frameRate: track.frameRate };
    case "audio":
      return { id, kind: track.kind, codec, codecString, sampleRate: track.sampleRate, channels: track.channels };
    case "data":
      return { id, kind: track.kind, codec, codecString };
  }
}
