import { describe } from "node:test";
import { egressContract } from "./egress.ts";
import { ways } from "./ways.ts";

describe("egress", { concurrency: 3 }, () => {
  for (const way of ways) egressContract(way);
});
