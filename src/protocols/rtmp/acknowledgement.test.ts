import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReceiveWindow } from "./acknowledgement.ts";

describe("receive window", () => {
  it("asks for an acknowledgement with each full window, by the peer's window once known", () => {
    const window = new ReceiveWindow(1000);
    assert.equal(window.count(999), undefined);
    assert.equal(window.count(1), 1000);
    window.window = 0;
    window.window = 500;
    assert.equal(window.count(499), undefined);
    assert.equal(window.count(2000), 3499);
    assert.equal(window.received, 3499);
  });

  it("wraps what it sends at 2^32 and goes on", () => {
    const window = new ReceiveWindow(0x4000_0000);
    const sent: (number | undefined)[] = [];
    for (let i = 0; i < 9; i++) sent.push(window.count(0x2000_0000));
    assert.deepEqual(sent, [undefined, 0x4000_0000, undefined, 0x8000_0000, undefined, 0xc000_0000, undefined, 0, undefined]);
  });
});
