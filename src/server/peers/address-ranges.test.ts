import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressRanges, isRange } from "./address-ranges.ts";

test("addresses, ranges and names, of both versions", () => {
  const ranges = new AddressRanges(["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "loopback", "private"]);
  const inside = [
    "192.0.2.7",
    "::ffff:192.0.2.7",
    "198.51.100.0",
    "198.51.100.255",
    "2001:db8:ffff::1",
    "2001:0DB8::1",
    "127.1.2.3",
    "::1",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "fd00::1",
  ];
  for (const address of inside) assert.ok(ranges.has(address), address);
  const outside = ["192.0.2.8", "198.51.101.0", "2001:db9::1", "172.32.0.0", "::2", "", "localhost", "unknown"];
  for (const address of outside) assert.ok(!ranges.has(address), address);
});

test("nobody is in no ranges", () => {
  const none = new AddressRanges([]);
  for (const address of ["127.0.0.1", "::1", ""]) assert.ok(!none.has(address));
});

test("what is no range is told from what is one", () => {
  for (const text of ["127.0.0.1", "::1", "0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32", "loopback", "private"])
    assert.ok(isRange(text), text);
  for (const text of [
    "",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0/8",
    "localhost",
    "a/8",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "toString",
  ]) {
    assert.ok(!isRange(text), text);
  }
});
