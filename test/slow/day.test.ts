/** Audio does not drift from its stamps over a day of stream time (design, section 8). */
import { test } from "node:test";
import { keepsAudio } from "../contracts/container.ts";
import { containers } from "../contracts/containers.ts";

for (const container of containers) test(`${container.name}: audio is in its place over 24 hours`, () => keepsAudio(container, 24));
