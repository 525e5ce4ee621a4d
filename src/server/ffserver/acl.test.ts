import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeProblem } from "../config/problem.ts";
import type { AclRow } from "./acl.ts";
import { isHost, readDynamicAcl, resolveAcl } from "./acl.ts";

const allow = (first: string, last = first): AclRow => ({ action: "allow", first, last });
const deny = (first: string, last = first): AclRow => ({ action: "deny", first, last });
const noNames = (host: string): Promise<string> => Promise.reject(new Error(`no address of ${host}`));

async function allowed(rows: readonly AclRow[], address: string): Promise<boolean> {
  return (await resolveAcl(rows, noNames)).allows(address);
}

test("the first row that matches decides, and where none does the opposite of the last", async () => {
  const rows = [deny("10.0.0.5"), allow("10.0.0.0", "10.0.0.255")];
  assert.equal(await allowed(rows, "10.0.0.5"), false);
  assert.equal(await allowed(rows, "10.0.0.6"), true);
  assert.equal(await allowed(rows, "10.0.1.6"), false);
  assert.equal(await allowed([deny("10.0.0.5")], "10.0.0.6"), true);
  assert.equal(await allowed([], "10.0.0.6"), true);
});

test("ranges are those of addresses as they are written, not of their last octets", async () => {
  assert.equal(await allowed([allow("192.168.0.0", "192.168.255.255")], "192.168.7.9"), true);
  assert.equal(await allowed([allow("10.0.0.200", "10.0.1.10")], "10.0.1.5"), true);
  assert.equal(await allowed([allow("10.0.0.200", "10.0.1.10")], "10.0.0.5"), false);
  assert.equal(await allowed([allow("0.0.0.0", "255.255.255.255")], "200.1.2.3"), true);
});

test("any address is in the ranges whose ends lie around it", async () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const text = (address: readonly number[]): string => address.join(".");
  const number = (address: readonly number[]): number => address.reduce((sum, octet) => sum * 256 + octet, 0);
  await fc.assert(
    fc.asyncProperty(octets, octets, octets, async (first, last, asked) => {
      const isIn = number(first) <= number(asked) && number(asked) <= number(last);
      assert.equal(await allowed([allow(text(first), text(last))], text(asked)), isIn);
    }),
  );
});

test("an IPv6 address is in no row", async () => {
  assert.equal(await allowed([allow("0.0.0.0", "255.255.255.255")], "::1"), false);
  assert.equal(await allowed([deny("127.0.0.1")], "::1"), true);
});

test("names are looked up, and a list with one that is not known is none", async () => {
  const acl = await resolveAcl([allow("camera.example")], (host) => Promise.resolve(host === "camera.example" ? "192.0.2.9" : ""));
  assert.deepEqual([acl.allows("192.0.2.9"), acl.allows("192.0.2.8")], [true, false]);
  await assert.rejects(resolveAcl([allow("elsewhere.example")], noNames), /no address of elsewhere/);
});

test("what may stand for a host", () => {
  for (const text of ["10.0.0.1", "localhost", "cam-1.example.org", "a_b"]) assert.ok(isHost(text), text);
  for (const text of ["", "10.0.0", "10.0.0.256", "1", "::1", "a/b", "a b", "x".repeat(254)]) assert.ok(!isHost(text), text);
});

test("the file of a DynamicACL: rows, comments, and mistakes by their lines", () => {
  const { rows, notes } = readDynamicAcl("# who\nACL allow 10.0.0.1\n\nacl Deny localhost\n", "viewers.acl");
  assert.deepEqual(rows, [allow("10.0.0.1"), deny("localhost")]);
  assert.deepEqual(notes.errors, []);
  const wrong = readDynamicAcl("ACL permit 10.0.0.1\nACL allow\nPort 1\nACL allow 10.0.0.1 10.0.0.999", "viewers.acl").notes;
  assert.deepEqual(wrong.errors.map(describeProblem), [
    "viewers.acl:1: ACL action 'permit' should be ALLOW or DENY.",
    "viewers.acl:2: ACL refers to invalid host or IP address ''",
    "viewers.acl:3: Invalid entry 'Port' in an access list",
    "viewers.acl:4: ACL refers to invalid host or IP address '10.0.0.999'",
  ]);
  const endless = readDynamicAcl("ACL allow 10.0.0.1\n".repeat(20_000), "viewers.acl");
  assert.equal(endless.rows.length, 10_000);
  assert.ok(endless.notes.errors.length > 0);
});
