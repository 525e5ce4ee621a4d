import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { DigestScheme, DigestSide, computeDigest, digestOffset, echoSignature, findDigest, imprintDigest } from "./handshake-digest.ts";
import { ClientHandshake, answerHandshake, packetLength } from "./handshake.ts";

/** Known bytes: version 128.0.7.2, then byte i is 7i. */
function knownPacket(): Uint8Array {
  return Uint8Array.from({ length: packetLength }, (_, i) => (i < 8 ? [0, 0, 0, 0, 0x80, 0, 7, 2][i]! : (7 * i) & 255));
}
const answer = (hello: Uint8Array): ReturnType<typeof answerHandshake> => answerHandshake(hello[0]!, hello.subarray(1));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("digest", () => {
  it("matches known vectors of both schemes", () => {
    const c1 = knownPacket();
    assert.equal(digestOffset(c1, DigestScheme.digestFirst), 278);
    assert.equal(digestOffset(c1, DigestScheme.keyFirst), 930);
    const digest = computeDigest(c1, DigestScheme.digestFirst, DigestSide.client);
    assert.equal(hex(digest), "a2aa8a9abee4f6d698256b602611f06fc4f152cf0255add445c3371249165e67");
    assert.equal(
      hex(computeDigest(c1, DigestScheme.keyFirst, DigestSide.client)),
      "d8c257827bb5c84c3421f9d1b6a9d50be02d177026f88ee2a8fcfadb136fc362",
    );
    const s2 = Uint8Array.from({ length: packetLength }, (_, i) => (5 * i) & 255);
    assert.equal(hex(echoSignature(s2, digest, DigestSide.server)), "5585e2637658a6ff428fa3f7a08a75992eed674c53c436e1312be3967db202df");
  });

  it("is found by the scheme it was made with, and not in other bytes", () => {
    for (const scheme of [DigestScheme.keyFirst, DigestScheme.digestFirst]) {
      const packet = knownPacket();
      assert.equal(findDigest(packet, DigestSide.client), undefined);
      imprintDigest(packet, scheme, DigestSide.client);
      assert.equal(findDigest(packet, DigestSide.client)?.scheme, scheme);
      assert.equal(findDigest(packet, DigestSide.server), undefined);
    }
  });
});

describe("handshake", () => {
  it("answers a digest with a digest of the same scheme and a signed S2", () => {
    for (const scheme of [DigestScheme.keyFirst, DigestScheme.digestFirst]) {
      const client = new ClientHandshake(scheme);
      const answered = answer(client.hello);
      assert.equal(answered.kind, "digest");
      assert.equal(answered.bytes.length, 1 + 2 * packetLength);
      const s1 = answered.bytes.subarray(1, 1 + packetLength);
      assert.equal(findDigest(s1, DigestSide.server)?.scheme, scheme);
      const s2 = answered.bytes.subarray(1 + packetLength);
      const c1Digest = findDigest(client.hello.subarray(1), DigestSide.client)!.value;
      assert.equal(hex(s2.subarray(packetLength - 32)), hex(echoSignature(s2, c1Digest, DigestSide.server)));
      const c2 = client.answer(answered.bytes);
      const s1Digest = findDigest(s1, DigestSide.server)!.value;
      assert.equal(hex(c2.subarray(packetLength - 32)), hex(echoSignature(c2, s1Digest, DigestSide.client)));
    }
  });

  it("echoes C1 and leaves the version of S1 zero where there is no digest", () => {
    const broken = new ClientHandshake(DigestScheme.digestFirst).hello.slice();
    broken[1500] = broken[1500]! ^ 1;
    for (const hello of [new ClientHandshake().hello, broken]) {
      const answered = answer(hello);
      assert.equal(answered.kind, "simple");
      assert.equal(answered.bytes[0], 3);
      assert.equal(hex(answered.bytes.subarray(5, 9)), "00000000");
      assert.equal(hex(answered.bytes.subarray(1 + packetLength)), hex(hello.subarray(1)));
    }
  });

  it("refuses RTMPE and, as a client, other versions", () => {
    for (const version of [6, 8, 9]) {
      const hello = new ClientHandshake().hello.slice();
      hello[0] = version;
      assert.throws(() => answer(hello), ProtocolError);
    }
    const other = answer(new ClientHandshake().hello).bytes.slice();
    other[0] = 9;
    assert.throws(() => new ClientHandshake().answer(other), ProtocolError);
  });
});
