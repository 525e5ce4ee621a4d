import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatListen, parseListen } from "./values.ts";

test("listening addresses as people write them", () => {
  const cases: [string, unknown][] = [
    ["1935", { port: 1935 }],
    ["0", { port: 0 }],
    ["127.0.0.1:1935", { host: "127.0.0.1", port: 1935 }],
    ["localhost:80", { host: "localhost", port: 80 }],
    ["[::1]:1935", { host: "::1", port: 1935 }],
    ["[::]:1935", { host: "::", port: 1935 }],
    ["[fe80::1%eth0]:1935", { host: "fe80::1%eth0", port: 1935 }],
    ["::1", 'write an IPv6 address in brackets: "[::1]:1935"'],
    ["", '"" is no listening address: write PORT, HOST:PORT or [IPv6]:PORT'],
    [":1935", '"" is no host name or address'],
    ["[]:1935", '"" is no IPv6 address'],
    ["[x]:1", '"x" is no IPv6 address'],
    ["-1", '"-1" has no port: write HOST:PORT, or a port alone'],
    ["65536", "port 65536 is out of range: a port is 0 to 65535"],
    ["a b:1", '"a b" is no host name or address'],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseListen(text), expected, text);
});

test("what is read is written back", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constant(undefined));
  fc.assert(
    fc.property(host, fc.integer({ min: 0, max: 65535 }), (name, port) => {
      const address = name === undefined ? { port } : { host: name, port };
      assert.deepEqual(parseListen(formatListen(address)), address);
    }),
  );
});
