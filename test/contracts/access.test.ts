import { describe } from "node:test";
import { accessContract } from "./access.ts";
import { doors } from "./doors.ts";

describe("access", () => {
  for (const door of doors) accessContract(door);
});
