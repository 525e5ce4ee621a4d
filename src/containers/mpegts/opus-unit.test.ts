import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { parseOpusHead } from "../../media/opus.ts";
import { opusChannels, opusChannelsOf, registration } from "./descriptors.ts";
import { opusFormat } from "./opus-format.ts";
import { OPUS_FORMAT, opusChannelCode, opusControlHeader, opusHeadOf, readOpusUnit } from "./opus-unit.ts";
import { Form, formOf } from "./stream-type.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("a control header reads back as it was written", () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(10), (length, at) => {
      const header = opusControlHeader(length);
      const unit = readOpusUnit(joined([new Uint8Array(at), header]), at);
      assert.deepEqual(unit, { startTrim: 0, payload: at + header.length, end: at + header.length + length });
    }),
  );
});

test("what a control header may have besides is stepped over", () => {
  assert.deepEqual(readOpusUnit(hex("7ff0 ff01 0138"), 0), { startTrim: 312, payload: 6, end: 262 });
  assert.deepEqual(readOpusUnit(hex("7ffc 02 0138 0001 03aabbcc"), 0), { startTrim: 312, payload: 11, end: 13 });
  for (const [bytes, code] of [
    ["7ff0 ff01 01", "truncated"],
    ["7fe0 ffff", "truncated"],
    ["7fc0 05", "malformed"],
  ] as const)
    assert.throws(
      () => readOpusUnit(hex(bytes), 0),
      (error) => error instanceof ProtocolError && error.code === code,
    );
});

test("channels are told by a code of the descriptor, or not carried", () => {
  for (let code = 1; code <= 8; code++) {
    const head = opusHeadOf(code, 312)!;
    assert.equal(parseOpusHead(head).channels, code);
    assert.equal(opusChannelCode(head), code);
    assert.equal(opusChannelsOf([registration(OPUS_FORMAT), opusChannels(code)]), code);
  }
  for (const code of [0, 9, 0x82, 255]) {
    assert.equal(opusHeadOf(code, 0), undefined);
    assert.equal(formOf({ type: 6, pid: 0x100, descriptors: [registration(OPUS_FORMAT), opusChannels(code)] }), undefined);
  }
  assert.equal(formOf({ type: 6, pid: 0x100, descriptors: [registration(OPUS_FORMAT), opusChannels(6)] }), Form.opus);
  assert.equal(formOf({ type: 6, pid: 0x100, descriptors: [registration(OPUS_FORMAT)] }), undefined);
  // Two channels that are streams of their own, and another order of six.
  assert.equal(opusChannelCode(hex("4f70757348656164 01 02 3801 80bb0000 0000 01 02 00 0001")), undefined);
  assert.equal(opusChannelCode(hex("4f70757348656164 01 06 3801 80bb0000 0000 01 04 02 000102030405")), undefined);
});

test("what the first packet leaves out at its start is the pre-skip", () => {
  const format = opusFormat(2);
  const packet = hex("7ff0 02 0138 fc00");
  assert.equal(format.length(packet, 0), packet.length);
  for (const bytes of [packet, hex("7fe0 02 fc00")]) {
    const [unit] = format.read(bytes);
    assert.deepEqual([parseOpusHead(unit!.config).preSkip, unit!.samples, unit!.data.length], [312, 960, 2]);
  }
});
