import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { amfObject, encodeAmf0 } from "../../containers/flv/amf0.ts";
import { command, failure, readCommand, result } from "./command.ts";
import { connectError, connectResult, readConnect } from "./connect.ts";
import { MessageType } from "./message.ts";
import { status, StatusCode } from "./status.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("commands", () => {
  it("have the known bytes", () => {
    const request = { name: "createStream", transactionId: 4, object: null, args: [] };
    const body = "02 0007 5f726573756c74 00 4010000000000000 05 00 3ff0000000000000".replaceAll(" ", "");
    assert.equal(hex(result(request, null, 1)).slice(24), body);
    const onStatus =
      "02 0008 6f6e537461747573 00 0000000000000000 05 03 0005 6c6576656c 02 0006 737461747573 0004 636f6465" +
      "02 0017 4e657453747265616d2e5075626c6973682e5374617274 000b 6465736372697074696f6e 02 0002 6f6b 000009";
    assert.equal(hex(status(1, StatusCode.publishStart, "ok")), `0500000000005b1401000000${onStatus.replaceAll(" ", "")}`);
  });

  it("read back in AMF0 form, and in AMF3 form with or without its format byte", () => {
    const body = encodeAmf0("play", 3, null, "cam", -2000, amfObject({ a: true }));
    const expected = { name: "play", transactionId: 3, object: null, args: ["cam", -2000, amfObject({ a: true })] };
    assert.deepEqual(readCommand(MessageType.commandAmf0, body), expected);
    assert.deepEqual(readCommand(MessageType.commandAmf3, Uint8Array.from([0, ...body])), expected);
    assert.deepEqual(readCommand(MessageType.commandAmf3, body), expected);
    assert.deepEqual(readCommand(MessageType.commandAmf0, encodeAmf0("x")), { name: "x", transactionId: 0, object: undefined, args: [] });
    // An AMF3 value behind its switch: the string "cam".
    const switched = Uint8Array.from([0, ...encodeAmf0("publish", 0, null), 0x11, 0x06, 0x07, 0x63, 0x61, 0x6d]);
    assert.deepEqual(readCommand(MessageType.commandAmf3, switched).args, ["cam"]);
  });

  it("get no answer where none is wanted", () => {
    const request = { name: "releaseStream", transactionId: 0, object: null, args: [] };
    assert.equal(result(request, null).length, 0);
    assert.equal(failure(request, StatusCode.callFailed, "no").length, 0);
  });

  it("go out on the command or the stream's chunk stream", () => {
    assert.equal(command(0, "a", 0)[0], 3);
    assert.equal(command(1, "a", 0)[0], 5);
  });

  it("never throw but a ProtocolError", () => {
    fc.assert(
      fc.property(fc.constantFrom(MessageType.commandAmf0, MessageType.commandAmf3), fc.uint8Array({ maxLength: 100 }), (type, body) => {
        try {
          readConnect(readCommand(type, body));
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe("connect", () => {
  const connect = (properties: Parameters<typeof amfObject>[0]): ReturnType<typeof readConnect> =>
    readConnect({ name: "connect", transactionId: 1, object: amfObject(properties), args: [] });

  it("reads the known example", () => {
    const body =
      "02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0005 746355726c 02 000d 72746d703a2f2f682f6c697665 000009";
    const request = readConnect(readCommand(MessageType.commandAmf0, Buffer.from(body.replaceAll(" ", ""), "hex")));
    assert.deepEqual(request, {
      transactionId: 1,
      app: "live",
      tcUrl: "rtmp://h/live",
      auth: undefined,
      password: undefined,
      agent: "",
      objectEncoding: 0,
      enhanced: amfObject(),
    });
  });

  it("skips what it does not know, and takes odd types for nothing", () => {
    const request = connect({ app: "live", tcUrl: "rtmp://h/live", flashVer: 5, objectEncoding: "3", fpad: amfObject(), capsEx: 3 });
    assert.deepEqual(request, {
      transactionId: 1,
      app: "live",
      tcUrl: "rtmp://h/live",
      auth: undefined,
      password: undefined,
      agent: "",
      objectEncoding: 0,
      enhanced: amfObject({ capsEx: 3 }),
    });
  });

  it("answers with what was asked for, in both objects", () => {
    const read = (bytes: Uint8Array): ReturnType<typeof readCommand> => readCommand(MessageType.commandAmf0, bytes.subarray(12));
    const { object, args } = read(connectResult(connect({ app: "a", tcUrl: "b", fourCcList: ["*"], audioFourCcInfoMap: amfObject() })));
    for (const answer of [object, args[0]]) {
      assert.deepEqual((answer as Record<string, unknown>)["fourCcList"], [
        ...["av01", "vp09", "vp08", "hvc1", "avc1", "vvc1"],
        ...["mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"],
      ]);
      assert.ok("audioFourCcInfoMap" in (answer as object));
      assert.ok(!("videoFourCcInfoMap" in (answer as object)) && !("capsEx" in (answer as object)));
    }
    const refused = read(connectError(1, "why"));
    assert.equal(refused.name, "_error");
    assert.deepEqual(refused.args, [amfObject({ level: "error", code: "NetConnection.Connect.Rejected", description: "why" })]);
  });

  it("refuses who does not say where to", () => {
    for (const properties of [{ app: "live" }, { tcUrl: "rtmp://h/live" }, { app: true, tcUrl: "x" }, {}]) {
      assert.throws(() => connect(properties), ProtocolError);
    }
  });
});
