import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaUrl, TransportKind } from "./media-url.ts";

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
