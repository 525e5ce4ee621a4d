import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { listeningInodes, portOwner, programName } from "./port-owner.ts";

test("a table of sockets is read", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:078F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0",
    "   1: 0100007F:078F 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0",
  ].join("\n");
  assert.deepEqual(listeningInodes(table, 1935), ["4711"]);
  assert.deepEqual(listeningInodes(table, 80), []);
  assert.deepEqual(listeningInodes("", 80), []);
});

test("a program is named without its arguments", () => {
  assert.equal(programName(["/usr/sbin/nginx", "-g", "daemon off;"]), "nginx");
  assert.equal(programName(["nginx: master process /usr/sbin/nginx"]), "nginx");
  assert.equal(programName(["node", "src/cli.ts", "--demo"]), "node src/cli.ts");
  assert.equal(programName(["/usr/bin/python3.11", "-c", "secret"]), "python3.11");
  assert.equal(programName([""]), "");
});

test("the process that listens is found where the system tells, and nothing fails elsewhere", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const owner = await portOwner(port);
  if (process.platform === "linux") assert.equal(owner?.pid, process.pid);
  else assert.equal(owner, undefined);
  server.close();
  await once(server, "close");
  assert.equal(await portOwner(port), undefined);
});
