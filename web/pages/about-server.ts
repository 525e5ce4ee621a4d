import type { Answer } from "./api.ts";
import type { ServerFacts } from "./facts.ts";
import { duration } from "./format.ts";

/** The line at the foot of a page. */
export function aboutServer(server: ServerFacts, now: number): string {
  const open = server.open ? " · open to everybody who reaches it" : "";
  return `Millrace ${server.version} · running for ${duration(now - Date.parse(server.startedAt))}${open}`;
}

/** Why the API did not answer as it should, and what to do; undefined where it did. */
export function troubleText(answer: Answer<unknown>): string | undefined {
  switch (answer.kind) {
    case "ok":
      return undefined;
    case "unreachable":
      return "The server does not answer. Is it running, and is the network there? This page asks again by itself.";
    case "refused": {
      const what = answer.message === "" ? `status ${answer.status}` : answer.message;
      const who = answer.code === "" ? "The server, or a proxy before it, answered" : "The server answered";
      return `${who}: ${what.replace(/\.?$/, ".")} This page asks again by itself.`;
    }
  }
}
