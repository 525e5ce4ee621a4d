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

test("the banner says where to publish, what to open and that the server is open", () => {
  const text = banner({
    version: "1.2.3",
    rtmp: { local: "localhost", lan: "192.168.1.20", port: 1935 },
    http: { local: "localhost", lan: "192.168.1.20", port: 8080 },
    demo: "live/demo",
    colour: false,
  });
  for (const expected of [
    "Millrace 1.2.3 is running.",
    "http://localhost:8080/watch/live/demo",
    "http://192.168.1.20:8080/\n",
    "Server       rtmp://localhost/live\n",
    "rtmp://192.168.1.20/live from another machine",
    "Stream Key   cam\n",
    "-f flv rtmp://localhost/live/cam\n",
    "http://localhost:8080/watch/live/cam",
    "Everybody who can reach this machine can publish and watch: there are no passwords yet.",
  ]) {
    assert.ok(text.includes(expected), expected);
  }
  assert.ok(!text.includes("\u001b"));
});

test("the banner speaks only of what listens, and of no more people than can come", () => {
  const text = banner({ version: "1", rtmp: { local: "127.0.0.1", port: 2000 }, colour: false });
  assert.ok(!text.includes("http://"));
  assert.ok(text.includes("rtmp://127.0.0.1:2000/live/cam"));
  assert.ok(text.includes("Every program on this machine"));
});
