import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsInPast, mediaUrl, TransportKind } from "./media-url.ts";

const { websocket, fetch } = TransportKind;

const cases: readonly (readonly [src: string, base: string, transport: TransportKind, token: string, url: string])[] = [
  ["/live/cam", "http://host:8080/watch/live/cam", websocket, "", "ws://host:8080/live/cam.mp4"],
  ["/live/cam", "https://host/watch/live/cam", websocket, "", "wss://host/live/cam.mp4"],
  ["/live/cam", "https://host/watch/live/cam", fetch, "", "https://host/live/cam.mp4"],
  ["../../live/cam", "https://host/media/watch/live/cam", websocket, "", "wss://host/media/live/cam.mp4"],
  ["../../../live/cam", "https://host/media/watch/live/cam", fetch, "", "https://host/live/cam.mp4"],
  ["wss://other/live/cam?a=1", "http://host/", fetch, "", "https://other/live/cam.mp4?a=1"],
  ["live/cam.flv", "http://host/x/", websocket, "", "ws://host/x/live/cam.mp4"],
  ["live/cam/", "http://host/x/", websocket, "", "ws://host/x/live/cam.mp4"],
  ["/live/cam?key=old&b=2", "http://host/", websocket, "n w", "ws://host/live/cam.mp4?key=n+w&b=2"],
  ["/live/b%C3%BCro", "http://host/", websocket, "", "ws://host/live/b%C3%BCro.mp4"],
];

for (const [src, base, transport, token, url] of cases) {
  test(`${src} on ${base} by ${transport}`, () => assert.equal(mediaUrl(src, base, transport, token), url));
}

test("another scheme is refused", () => {
  assert.throws(() => mediaUrl("rtmp://host/live/cam", "http://host/", websocket), TypeError);
});

test("a beginning takes the place of what src says", () => {
  const url = (src: string, beginning: number | "live"): string => mediaUrl(src, "http://host/", websocket, "", beginning);
  assert.equal(url("/live/cam?buffer=30&a=1&pace=fast", "live"), "ws://host/live/cam.mp4?a=1");
  assert.equal(url("/live/cam?buffer=30&a=1", 0), "ws://host/live/cam.mp4?a=1&date=1970-01-01T00%3A00%3A00.000Z");
});

test("which URLs begin in the past and stay there", () => {
  const isPast = (query: string): boolean => beginsInPast(`/live/cam${query}`, "http://host/");
  for (const query of ["?buffer=30", "?date=2030-01-01T00:00:00Z"]) assert.ok(isPast(query), query);
  for (const query of ["", "?buffer=0", "?date=now", "?preroll=3", "?buffer=30&pace=fast"]) assert.ok(!isPast(query), query);
  assert.equal(beginsInPast("http://", "http://host/"), false);
});
