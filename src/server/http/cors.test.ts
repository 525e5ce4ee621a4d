import assert from "node:assert/strict";
import { test } from "node:test";
import { Cors } from "./cors.ts";

test("every site, by default", () => {
  const cors = new Cors(["*"]);
  assert.equal(cors.headers("https://a.example")["Access-Control-Allow-Origin"], "*");
  assert.equal(cors.preflight("https://a.example", "GET, HEAD, OPTIONS")["Access-Control-Allow-Methods"], "GET, HEAD, OPTIONS");
});

test("only the sites that are listed", () => {
  const cors = new Cors(["https://a.example"]);
  assert.equal(cors.headers("https://a.example")["Access-Control-Allow-Origin"], "https://a.example");
  assert.deepEqual(cors.headers("https://b.example"), { Vary: "Origin" });
  assert.deepEqual(cors.preflight("https://b.example", "GET"), { Vary: "Origin" });
  assert.equal(cors.allows("https://b.example"), false);
  assert.equal(cors.allows(undefined), true);
});
