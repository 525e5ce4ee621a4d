import assert from "node:assert/strict";
import { test } from "node:test";
import { Pinger } from "./pinger.ts";
import type { WsViewer } from "./ws-viewer.ts";

/** A viewer that answers only so many pings. */
function viewer(answers: number): WsViewer & { pings: number; closedWith: number | undefined } {
  const state = {
    pings: 0,
    unanswered: 0,
    closedWith: undefined as number | undefined,
    ping(allowed: number) {
      if (state.unanswered >= allowed) return false;
      if (state.pings++ >= answers) state.unanswered += 1;
      return true;
    },
    close(code: number) {
      state.closedWith = code;
    },
  };
  return state as never;
}

test("each viewer is pinged once an interval, and closed when two pings were not answered", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const pinger = new Pinger(1000, 4);
  const alive = Array.from({ length: 8 }, () => viewer(Infinity));
  const gone = viewer(1);
  const left = viewer(Infinity);
  for (const each of alive) pinger.add(each);
  pinger.add(gone);
  pinger.add(left)();
  t.mock.timers.tick(1000);
  assert.deepEqual(
    alive.map(({ pings }) => pings),
    Array(8).fill(1),
  );
  t.mock.timers.tick(2000);
  assert.equal(gone.closedWith, undefined);
  t.mock.timers.tick(1000);
  assert.equal(gone.closedWith, 4408);
  assert.equal(left.pings, 0);
  pinger.close();
  t.mock.timers.tick(10_000);
  assert.equal(alive[0]!.pings, 4);
});
