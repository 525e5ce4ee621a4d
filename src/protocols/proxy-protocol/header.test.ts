import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { type ProxiedEnds, readProxyHeader, writeProxyHeader } from "./header.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const signature = "0d0a0d0a000d0a515549540a";

const port = (): fc.Arbitrary<number> => fc.nat({ max: 0xffff });
const anyEnds = (): fc.Arbitrary<ProxiedEnds> =>
  fc.constantFrom(fc.ipV4(), fc.array(fc.nat({ max: 0xffff }), { minLength: 8, maxLength: 8 }).map(groups)).chain((address) => {
    return fc.record({ source: address, destination: address, sourcePort: port(), destinationPort: port() });
  });

function groups(numbers: readonly number[]): string {
  return numbers.map((number) => number.toString(16)).join(":");
}

test("what is written is read again, whatever follows, and never from fewer bytes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1 as const, 2 as const),
      fc.option(anyEnds(), { nil: undefined }),
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 20 }),
      (version, ends, additions, rest) => {
        const header = writeProxyHeader(version, ends, additions);
        const read = readProxyHeader(Uint8Array.from([...header, ...rest]));
        assert.deepEqual(read, { version, source: ends?.source, length: header.length });
        for (let length = 0; length < header.length; length++) assert.equal(readProxyHeader(header.subarray(0, length)), "more");
      },
    ),
  );
});

test("any bytes are a header, none, the beginning of one, or a mistake that is named", () => {
  const beginnings = fc.constantFrom(ascii("PROXY "), ascii("PROXY TCP4 1.2.3.4 "), hex(signature), hex(`${signature}2111`), hex(""));
  fc.assert(
    fc.property(beginnings, fc.uint8Array({ maxLength: 200 }), (beginning, rest) => {
      try {
        readProxyHeader(Uint8Array.from([...beginning, ...rest]));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});

test("RTMP, HTTP and TLS are none, from their first differing byte on", () => {
  for (const text of ["\x03", "GET /", "POST / HTTP/1.1", "PUT", "PATCH", "PROPFIND /", "\x16\x03\x01", "\r\n\r\nGET / HTTP/1.1"]) {
    assert.equal(readProxyHeader(ascii(text)), "none", text);
  }
});

test("the examples of the specification", () => {
  const line = "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
  assert.deepEqual(readProxyHeader(ascii(line)), { version: 1, source: "255.255.255.255", length: 56 });
  const six = `PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`;
  assert.deepEqual(readProxyHeader(ascii(six)), { version: 1, source: `${"ffff:".repeat(7)}ffff`, length: 104 });
  const unknown = `PROXY UNKNOWN ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`;
  assert.deepEqual(readProxyHeader(ascii(unknown)), { version: 1, source: undefined, length: 107 });
  assert.deepEqual(readProxyHeader(ascii("PROXY UNKNOWN\r\n")), { version: 1, source: undefined, length: 15 });
});

test("families without an IP address, and the proxy's own connections, name nobody", () => {
  const unix = hex(`${signature} 21 31 00d8 ${"2f".repeat(216)}`);
  assert.deepEqual(readProxyHeader(unix), { version: 2, source: undefined, length: 232 });
  assert.deepEqual(readProxyHeader(hex(`${signature} 21 00 0000`)), { version: 2, source: undefined, length: 16 });
  // A health check: its addresses, and even their family, say nothing (section 2.2).
  assert.deepEqual(readProxyHeader(hex(`${signature} 20 f7 0003 010203`)), { version: 2, source: undefined, length: 19 });
});

test("headers that break the rules", () => {
  const mistakes: [bytes: Uint8Array, words: RegExp][] = [
    [ascii(`PROXY UNKNOWN ${"x".repeat(93)}`), /^limit: .*107/],
    [ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"), /^malformed: .*CR LF/],
    [ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"), /^malformed/],
    [ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"), /^malformed/],
    [ascii("PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n"), /^malformed/],
    [ascii("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"), /^malformed/],
    [ascii("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n"), /^malformed/],
    [ascii("PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n"), /^malformed/],
    [ascii("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"), /^malformed/],
    [ascii("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"), /^malformed/],
    [ascii("PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n"), /^malformed/],
    [ascii("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"), /^malformed/],
    [hex(`${signature} 11 11 000c`), /^unsupported: .*version 1/],
    [hex(`${signature} 22 11 000c`), /^unsupported: .*command 2/],
    [hex(`${signature} 21 11 1001`), /^limit: .*4097/],
    [hex(`${signature} 21 41 0000`), /^malformed: .*0x41/],
    [hex(`${signature} 21 13 0000`), /^malformed: .*0x13/],
    [hex(`${signature} 21 11 000b ${"01".repeat(11)}`), /^truncated/],
    [hex(`${signature} 21 21 0023 ${"01".repeat(35)}`), /^truncated/],
  ];
  for (const [bytes, words] of mistakes) {
    const told = (error: unknown): boolean => error instanceof ProtocolError && words.test(`${error.code}: ${error.message}`);
    assert.throws(() => readProxyHeader(bytes), told, Buffer.from(bytes).toString("latin1"));
  }
});
