import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AddressRanges } from "./address-ranges.ts";
import { forwardedUrl, hostOf, walkForwardedFor } from "./forwarded.ts";
import { ipAddress } from "./ip-address.ts";

const trusted = new AddressRanges(["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"]);
const walk = (peer: string, forwardedFor: string | string[] | undefined) =>
  walkForwardedFor(peer, forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor }, (address) => trusted.has(address));

test("the client is found by walking past trusted proxies", () => {
  const cases: [peer: string, forwardedFor: string | string[] | undefined, address: string, proxies: number][] = [
    ["127.0.0.1", undefined, "127.0.0.1", 1],
    ["127.0.0.1", "192.0.2.7", "192.0.2.7", 1],
    ["127.0.0.1", "192.0.2.7, 10.1.2.3", "192.0.2.7", 2],
    // What the client itself wrote in front is nothing to go by.
    ["127.0.0.1", "10.9.9.9, 198.51.100.1, 192.0.2.7, 10.1.2.3", "192.0.2.7", 2],
    ["127.0.0.1", ["198.51.100.1", "192.0.2.7"], "192.0.2.7", 1],
    ["2001:db8:ffff::1", "2001:DB8:0::7", "2001:db8::7", 1],
    ["127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7", 1],
    // Ports: as some load balancers write them.
    ["127.0.0.1", "192.0.2.7:51234", "192.0.2.7", 1],
    ["127.0.0.1", "[2001:db8::7]:51234", "2001:db8::7", 1],
    ["127.0.0.1", "[2001:db8::7]", "2001:db8::7", 1],
    // All are trusted: the first of them asked.
    ["127.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5", 2],
  ];
  for (const [peer, header, address, proxies] of cases) assert.deepEqual(walk(peer, header), { address, proxies }, String(header));
});

test("whoever is not trusted is taken for itself, whatever it says", () => {
  for (const peer of ["192.0.2.7", "2001:db8::1", ""]) {
    assert.deepEqual(walk(peer, "198.51.100.1, 127.0.0.1"), { address: peer, proxies: 0 });
  }
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-prefix": "/evil" };
  assert.deepEqual(forwardedUrl(headers, 0), {});
});

test("what is no address ends the walk at the proxy that passed it on", () => {
  const malformed = [
    "unknown",
    "_hidden",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "fe80::1%eth0",
    "[::1",
    "<script>",
    "192.0.2.7:x",
    '"a"',
  ];
  for (const entry of malformed) {
    assert.deepEqual(walk("127.0.0.1", `192.0.2.7, ${entry}`), { address: "127.0.0.1", proxies: 1 }, entry);
    assert.equal(walk("127.0.0.1", `192.0.2.7, ${entry}, 10.0.0.1`).address, "10.0.0.1", entry);
  }
  assert.equal(walk("127.0.0.1", ", ,").address, "127.0.0.1");
});

test("any header gives an address that somebody wrote, within bounded time", () => {
  const piece = fc.constantFrom(
    "10.0.0.1",
    "192.0.2.7",
    "::1",
    "[::1]:5",
    ",",
    ", ",
    " ",
    "unknown",
    "é",
    "\t",
    "9".repeat(2000),
    ":",
    "%",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { address, proxies } = walk("127.0.0.1", pieces.join(""));
      assert.equal(ipAddress(address), address);
      assert.ok(proxies >= 1 && proxies <= 33);
    }),
  );
  const started = performance.now();
  assert.equal(walk("127.0.0.1", "10.0.0.1,".repeat(100_000)).address, "10.0.0.1");
  assert.ok(performance.now() - started < 1000);
});

test("protocol, host and prefix are those that the outermost trusted proxy wrote", () => {
  const headers = {
    "x-forwarded-proto": "http, https, http",
    "x-forwarded-host": "evil.example, Live.example.org:8443, inner",
    "x-forwarded-prefix": "/media/",
  };
  assert.deepEqual(forwardedUrl(headers, 2), { protocol: "https", host: "live.example.org:8443", prefix: "/media" });
  assert.deepEqual(forwardedUrl(headers, 1), { protocol: "http", host: "inner", prefix: "/media" });
  assert.deepEqual(forwardedUrl({ "x-forwarded-proto": "wss" }, 1), { protocol: "https" });
});

test("hosts, protocols and prefixes that are none are left out", () => {
  const bad = [
    "a b",
    "evil.example/path",
    "user@host",
    "host:port",
    "host:123456",
    "'self'",
    "a;b",
    "-a",
    "[::1",
    "[x]",
    "x".repeat(300),
    "",
  ];
  for (const text of bad) assert.equal(hostOf(text), undefined, text);
  for (const text of ["localhost", "a.example:80", "[2001:db8::1]:8080", "192.0.2.1", "xn--bcher-kva.example"])
    assert.equal(hostOf(text), text);
  for (const prefix of [
    "media",
    "//evil.example",
    "/a//b",
    "/a/../b",
    "/..",
    "/a b",
    "/<x>",
    "/a?b",
    "/a#b",
    "/\\evil",
    `/${"x".repeat(300)}`,
  ]) {
    assert.deepEqual(forwardedUrl({ "x-forwarded-prefix": prefix }, 1), {}, prefix);
  }
  assert.deepEqual(forwardedUrl({ "x-forwarded-prefix": "/" }, 1), { prefix: "" });
  assert.deepEqual(forwardedUrl({ "x-forwarded-prefix": "/tv/mill%20race" }, 1), { prefix: "/tv/mill%20race" });
  assert.deepEqual(forwardedUrl({ "x-forwarded-proto": "gopher", "x-forwarded-host": "a b" }, 1), {});
});
