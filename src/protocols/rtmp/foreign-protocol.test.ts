import assert from "node:assert/strict";
import { it } from "node:test";
import { foreignProtocol, httpHint } from "./foreign-protocol.ts";

it("tells TLS and HTTP from RTMP by their first byte", () => {
  assert.equal(foreignProtocol(3), undefined);
  assert.equal(foreignProtocol(6), undefined);
  assert.equal(foreignProtocol(0x16), "tls");
  for (const method of ["GET", "POST", "OPTIONS"]) assert.equal(foreignProtocol(method.charCodeAt(0)), "http");
  assert.equal(foreignProtocol(0xff), "unknown");
  assert.equal(foreignProtocol(0x0d), "proxy");
});

it("tells a browser where the web pages are", () => {
  const [head, body] = Buffer.from(httpHint(8080)).toString().split("\r\n\r\n");
  assert.match(head!, /^HTTP\/1\.1 400 /);
  assert.match(head!, new RegExp(`Content-Length: ${body!.length}\\b`));
  assert.match(body!, /port 8080/);
  assert.match(Buffer.from(httpHint("https://live.example.org/media/")).toString(), /at https:\/\/live\.example\.org\/media\/\n$/);
  assert.doesNotMatch(Buffer.from(httpHint(undefined)).toString(), /port \d/);
});
