import assert from "node:assert/strict";
import { test } from "node:test";
import { commandWith } from "./command.ts";

const replaced = new Map([["--rtmp", "1936"]]);
const program = ["node", "src/cli.ts"];

test("the command is the one that was typed, with other ports", () => {
  const base = { program, windows: false };
  assert.equal(commandWith({ ...base, argv: [], npmScript: "start" }, replaced), "npm start -- --rtmp 1936");
  assert.equal(commandWith({ ...base, argv: ["--demo", "--rtmp", "1935"], npmScript: "demo" }, replaced), "npm run demo -- --rtmp 1936");
  assert.equal(commandWith({ ...base, argv: ["--rtmp=1935", "--demo"] }, replaced), "node src/cli.ts --demo --rtmp 1936");
  assert.equal(
    commandWith({ ...base, argv: ["--config", "my file.yaml"] }, replaced),
    "node src/cli.ts --config 'my file.yaml' --rtmp 1936",
  );
  assert.equal(
    commandWith({ ...base, windows: true, argv: ["--config", "my file.yaml"] }, replaced),
    'node src/cli.ts --config "my file.yaml" --rtmp 1936',
  );
  assert.equal(
    commandWith({ ...base, argv: ["--data", "it's"] }, new Map([["--http", "[::1]:80"]])),
    "node src/cli.ts --data 'it'\\''s' --http '[::1]:80'",
  );
});
