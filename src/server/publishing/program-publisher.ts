import type { PublicationEnd, PublisherInfo } from "../../hub/publication.ts";
import { Refusal } from "../../hub/refusal.ts";

/** What is said of a publisher inside this process. */
export function programPublisher(): PublisherInfo {
  return { protocol: "program", address: "", encoder: "" };
}

/** Why a program cannot publish on. @param end of its publication, which somebody else brought about */
export function refusalOfEnd(end: PublicationEnd, name: string): Refusal {
  if (end === "closing") return new Refusal("closing", "This server is closing.");
  return new Refusal("busy", `Another publisher has taken over "${name}".`);
}
