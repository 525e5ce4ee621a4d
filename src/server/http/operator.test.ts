import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { KeyRing } from "../access/key-ring.ts";
import { Peers } from "../peers/peers.ts";
import { operatorProof } from "./operator.ts";

const keys = new KeyRing({
  fixed: [
    { key: "general-key", stream: undefined },
    { key: "bound-key", stream: "live/cam" },
  ],
});

function proof(remoteAddress: string, headers: Readonly<Record<string, string>>, peers = new Peers(), ring: KeyRing | undefined = keys) {
  return operatorProof({ socket: { remoteAddress }, headers } as unknown as IncomingMessage, peers, ring);
}

test("who asks on the machine itself may look, under every name that is its own", async () => {
  for (const address of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]) {
    for (const host of ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LocalHost:80"]) {
      assert.equal(await proof(address, { host }), "near", `${address} ${host}`);
    }
  }
  assert.equal(await proof("127.0.0.1", { host: "localhost" }, new Peers(), undefined), "near", "also where there are no keys");
});

test("others may not: from elsewhere, under another name, through a proxy", async () => {
  const host = "localhost:8080";
  for (const address of ["192.0.2.1", "10.0.0.1", "::ffff:192.0.2.1", "2001:db8::1", ""])
    assert.equal(await proof(address, { host }), undefined);
  // A name that its owner lets point to 127.0.0.1: the page that asks is theirs.
  for (const name of ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "x@localhost", ""]) {
    assert.equal(await proof("127.0.0.1", { host: name }), undefined, name);
  }
  assert.equal(await proof("127.0.0.1", {}), undefined);
  for (const header of ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"]) {
    assert.equal(await proof("127.0.0.1", { host, [header]: "127.0.0.1" }), undefined, header);
  }
  assert.equal(await proof("127.0.0.1", { host, "x-forwarded-for": "::1" }, new Peers(["loopback"])), undefined);
});

test("the key for every stream opens it from anywhere, a bound or a wrong one does not", async () => {
  const asks = (authorization: string) => proof("192.0.2.1", { host: "live.example.org", authorization, "x-forwarded-for": "192.0.2.7" });
  assert.equal(await asks("Bearer general-key"), "key");
  assert.equal(await asks(`Basic ${btoa("anna:general-key")}`), "key");
  for (const other of ["Bearer bound-key", "Bearer general-kez", "Bearer", "general-key", `Basic ${btoa("general-key")}`, ""]) {
    assert.equal(await asks(other), undefined, other);
  }
  assert.equal(await proof("192.0.2.1", { authorization: "Bearer general-key" }, new Peers(), new KeyRing({ fixed: [] })), undefined);
});
