import assert from "node:assert/strict";
import { it } from "node:test";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

it("writes across the growth of its buffer what a reader reads back", () => {
  for (let capacity = 1; capacity < 40; capacity++) {
    const bytes = new Writer(capacity)
      .u8(1)
      .u16(2)
      .u24(3)
      .u32(4)
      .u64(2 ** 40)
      .f64(0.5)
      .u16le(6)
      .u32le(7)
      .ascii("ab")
      .utf8("é")
      .zeros(2)
      .done();
    const reader = new Reader(bytes);
    const read = [reader.u8(), reader.u16(), reader.u24(), reader.u32(), reader.u64(), reader.f64(), reader.u16le(), reader.u32le()];
    assert.deepEqual(read, [1, 2, 3, 4, 2 ** 40, 0.5, 6, 7]);
    assert.equal(reader.text(4), "abé");
    assert.deepEqual([...reader.rest()], [0, 0]);
  }
});
