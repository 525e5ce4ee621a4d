import assert from "node:assert/strict";
import { test } from "node:test";
import { banner } from "./banner.ts";
import { lanAddress, reachable } from "./reachable.ts";

const info = (address: string, family: "IPv4" | "IPv6" = "IPv4", internal = false) =>
  ({ address, family, internal, netmask: "", mac: "", cidr: null, scopeid: 0 }) as never;

test("the LAN address is one that others reach", () => {
  assert.equal(lanAddress({ lo: [info("127.0.0.1", "IPv4", true)] }), undefined);
  assert.equal(lanAddress({ docker0: [info("172.17.0.1")], eth0: [info("203.0.113.5"), info("192.168.1.20")] }), "192.168.1.20");
  assert.equal(lanAddress({ eth0: [info("169.254.3.4"), info("fe80::1", "IPv6"), info("2001:db8::5", "IPv6")] }), "[2001:db8::5]");
});

test("URLs name the host that is listened on", () => {
  const interfaces = { eth0: [info("192.168.1.20")] };
  assert.deepEqual(reachable({ port: 1 }, interfaces), { local: "localhost", lan: "192.168.1.20" });
  assert.deepEqual(reachable({ host: "::1", port: 1 }, interfaces), { local: "[::1]" });
  assert.deepEqual(reachable({ host: "10.0.0.9", port: 1 }, interfaces), { local: "10.0.0.9", lan: "10.0.0.9" });
});

const facts = {
  version: "1.2.3",
  rtmp: { local: "localhost", lan: "192.168.1.20", port: 1935, publicUrl: "" },
  http: { local: "localhost", lan: "192.168.1.20", port: 8080, publicUrl: "" },
  colour: false,
};
const note = 'Publish keys are kept in data/publish-keys.txt: "npm start -- key" shows them.';
const keys = { key: { key: "mr_abc", stream: undefined }, note, warnings: [] };

function has(text: string, ...parts: readonly string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part}\n${text}`);
}

test("pages below a path are shown with it", () => {
  const text = banner({ ...facts, http: { ...facts.http, root: "/media/" }, keys, demo: "live/demo" });
  has(text, "http://localhost:8080/media/watch/live/demo", "http://192.168.1.20:8080/media/\n");
});

test("the banner says where to publish and with which key, and what to open", () => {
  const text = banner({ ...facts, keys, demo: "live/demo" });
  has(
    text,
    "Millrace 1.2.3 is running.",
    "http://localhost:8080/watch/live/demo",
    "http://192.168.1.20:8080/\n",
    "Server       rtmp://localhost/live\n",
    "rtmp://192.168.1.20/live from another machine",
    "Stream Key   cam?key=mr_abc\n",
    '-f flv "rtmp://localhost/live/cam?key=mr_abc"\n',
    note,
    "http://localhost:8080/watch/live/cam\n",
    "Any player   rtmp://localhost/live/cam\n",
    "Everybody who can reach this machine can watch; only who has the key can publish.",
  );
  assert.ok(!text.includes("\u001b"));
});

test("a key that is bound is shown with its stream, and one that is not to be shown not at all", () => {
  const bound = banner({ ...facts, keys: { ...keys, key: { key: "mr_abc", stream: "events/hall/one" } } });
  has(bound, "Server       rtmp://localhost/events/hall\n", "Stream Key   one?key=mr_abc\n", "watch/events/hall/one\n");
  const hidden = banner({ ...facts, keys: { key: undefined, note, warnings: ["Mind the gap."] } });
  has(hidden, "Stream Key   cam?key=KEY\n", '-f flv "rtmp://localhost/live/cam?key=KEY"\n', note, "\nMind the gap.\n");
});

test("without keys the banner says that everybody may publish", () => {
  const text = banner(facts);
  has(text, "Stream Key   cam\n", "-f flv rtmp://localhost/live/cam\n");
  has(text, "Everybody who can reach this machine can publish and watch: keys are switched off (--no-auth).");
});

test("the banner speaks only of what listens, and of no more people than can come", () => {
  const text = banner({ version: "1", rtmp: { local: "127.0.0.1", port: 2000, publicUrl: "" }, keys, colour: false });
  assert.ok(!text.includes("http://"));
  has(text, "rtmp://127.0.0.1:2000/live/cam", "Every program on this machine can watch");
});

test("the banner shows the URLs that the settings give", () => {
  const rtmp = { local: "127.0.0.1", port: 11935, publicUrl: "rtmp://live.example.org/" };
  const http = { local: "127.0.0.1", port: 8080, publicUrl: "https://live.example.org/media/" };
  const text = banner({ version: "1", rtmp, http, demo: "live/demo", colour: false });
  has(
    text,
    "Everybody    https://live.example.org/media/\n",
    "This machine http://127.0.0.1:8080/\n",
    "Watch it     https://live.example.org/media/watch/live/demo\n",
    "Server       rtmp://live.example.org/live\n",
    "rtmp://127.0.0.1:11935/live from this machine\n",
    "-f flv rtmp://live.example.org/live/cam\n",
    "Browser      https://live.example.org/media/watch/live/cam\n",
    "Any player   rtmp://live.example.org/live/cam\n",
    "Everybody who can reach this machine",
  );
});
