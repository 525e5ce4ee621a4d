import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "./log.ts";

function lines(options: { format: "text" | "json"; colour?: boolean; level?: "debug" | "info" }) {
  const written: string[] = [];
  const log = createLog({
    level: options.level ?? "info",
    format: options.format,
    colour: options.colour ?? false,
    write: (line) => void written.push(line),
  });
  return { log, written };
}

test("JSON is one object a line", () => {
  const { log, written } = lines({ format: "json" });
  log.info({ stream: "live/cam" }, "published");
  log.debug("not at this level");
  assert.equal(written.length, 1);
  const record = JSON.parse(written[0]!);
  assert.deepEqual([record.level, record.stream, record.msg], [30, "live/cam", "published"]);
});

test("text is a line for people, fields after the words", () => {
  const { log, written } = lines({ format: "text" });
  log.child({ peer: "127.0.0.1" }).warn({ stream: "live/my cam", bytes: 3 }, "refused");
  assert.match(written[0]!, /^\d\d:\d\d:\d\d\.\d{3} warn  refused peer=127\.0\.0\.1 stream="live\/my cam" bytes=3\n$/);
});

test("text never lets a peer's characters reach the terminal", () => {
  const { log, written } = lines({ format: "text" });
  log.info({ encoder: "\u001b[2J\r\nfake" }, "hello \u001b]0;x\u0007\u009b1m");
  assert.match(written[0]!, /^\P{Cc}*\n$/u);
});

test("errors come with their stack", () => {
  const { log, written } = lines({ format: "text" });
  log.error({ err: new Error("broken") }, "a session failed");
  assert.match(written[0]!, /error a session failed\n {4}Error: broken\n {4} +at /);
});

test("colour only where it is asked for", () => {
  const plain = lines({ format: "text" });
  const painted = lines({ format: "text", colour: true });
  plain.log.info("x");
  painted.log.info("x");
  assert.ok(!plain.written[0]!.includes("\u001b"));
  assert.ok(painted.written[0]!.includes("\u001b[32minfo"));
});
