import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { AccessLog, accessLine, cTime } from "./access-log.ts";

test("a line is as ffserver wrote it", () => {
  const at = new Date(2026, 10, 5, 9, 3, 7).getTime();
  const request = { method: "GET", url: "/feed1.ffm", httpVersion: "1.1" };
  assert.equal(
    accessLine({ at, address: "127.0.0.1", request, status: 200, bytes: 4175 }),
    'Thu Nov  5 09:03:07 2026 127.0.0.1 - - [GET] "/feed1.ffm HTTP/1.1" 200 4175\n',
  );
  assert.equal(cTime(new Date(2030, 0, 31, 23, 59, 59)), "Thu Jan 31 23:59:59 2030");
});

test("whatever is asked for, a line is one line, with one URL in its quotes and no key", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 150 }), fc.stringMatching(/^[a-z]{8,12}$/), (rest, key) => {
      const url = `/a?key=${key}&x=${rest.replaceAll(key, "")}`;
      const line = accessLine({ at: 0, address: "::1", request: { method: "GET", url, httpVersion: "1.0" }, status: 404, bytes: 0 });
      assert.match(line, /^[\x20-\x7e]+ ::1 - - \[GET\] "[!#-~]* HTTP\/1\.0" 404 0\n$/);
      assert.ok(!line.includes(key));
    }),
    { numRuns: 50 },
  );
});

test("a file that cannot be written costs lines, is told once, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-access-"));
  const warnings: string[] = [];
  const log = { warn: (_fields: object, message: string) => void warnings.push(message) };
  const file = join(folder, "none", "access.log");
  using access = new AccessLog({ file, now: () => 0, log });
  const server = createServer((request, response) => {
    access.watch(request, response, "127.0.0.1");
    response.end("x");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 5; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  while (warnings.length === 0) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(warnings, ["the access log cannot be written"]);
  await assert.rejects(readFile(file));
  await rm(folder, { recursive: true });
});
