/** What a program that embeds the server learns of its streams. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { Tone, toneTrack } from "./support/tone.ts";

function silent(): ComposedServer {
  return createServer({ rtmp: { enabled: false }, http: { enabled: false }, streams: { gracePeriod: "10s" } });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a stream by its name tells how things are, before, during and after", async () => {
  await using server = silent();
  const stream = server.stream("live/tone");
  assert.equal(stream.name, "live/tone");
  const offline = { state: "offline", since: undefined, tracks: [], publisher: undefined, viewers: 0, bitrate: 0 };
  const facts = (): object => {
    const { state, since, tracks, publisher, viewers, bitrate } = stream;
    return { state, since, tracks, publisher, viewers, bitrate };
  };
  assert.deepEqual(facts(), offline);
  assert.deepEqual(server.streams(), []);
  const tone = new Tone(server.hub, "live/tone");
  tone.publication.metadata({ title: "A" });
  assert.equal(stream.state, "live");
  assert.deepEqual(stream.tracks, [toneTrack]);
  assert.deepEqual(stream.publisher, { protocol: "test", address: "192.0.2.1", encoder: "tone" });
  assert.ok(Math.abs(stream.since! - Date.now()) < 60_000);
  tone.send();
  assert.deepEqual(stream.metadata, { title: "A" });
  assert.deepEqual(
    server.streams().map(({ name, state }) => ({ name, state })),
    [{ name: "live/tone", state: "live" }],
  );
  tone.publication.close("lost");
  assert.equal(stream.state, "reconnecting");
  assert.equal(stream.publisher, undefined);
  await server.close();
  assert.deepEqual(facts(), offline);
});

test("a name that no stream can have is refused, one in another spelling is the same stream", async () => {
  await using server = silent();
  assert.throws(() => server.stream("api/x"), { name: "Refusal", code: "name-refused" });
  assert.throws(() => server.stream(""), { name: "Refusal", code: "name-refused" });
  assert.equal(server.stream("/live//tone/").name, "live/tone");
});

test("events tell who came, came back, went, and what is over", async () => {
  await using server = silent();
  const heard: string[] = [];
  server.on("live", ({ stream, publisher, reason }) => heard.push(`live ${stream.name} ${publisher.encoder} ${reason}`));
  server.on("lost", ({ stream, reason }) => heard.push(`lost ${stream.name} ${reason} ${stream.state}`));
  server.on("ended", ({ stream }) => heard.push(`ended ${stream.name} ${stream.state}`));
  server.on("live", () => {
    throw new Error("a listener's own mistake");
  });
  const tone = new Tone(server.hub, "live/tone");
  await turn();
  tone.publication.close("lost");
  await turn();
  const again = new Tone(server.hub, "live/tone");
  await turn();
  again.publication.close("unpublished");
  await turn();
  assert.deepEqual(heard, [
    "live live/tone tone start",
    "lost live/tone lost reconnecting",
    "live live/tone tone reconnect",
    "lost live/tone unpublished offline",
    "ended live/tone offline",
  ]);
});
