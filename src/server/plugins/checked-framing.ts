import type { Framing } from "../../hub/framing.ts";

/** A plug-in's framing: what it makes is checked, so that a mistake ends the output that is being written and not the viewers' walk. */
export function checkedFraming(plugin: string, framing: Framing): Framing {
  const { after } = framing;
  if (typeof framing.name !== "string" || framing.name === "") throw new TypeError("a framing needs a name");
  return {
    name: `${plugin}:${framing.name}`,
    before: (length) => bytes(framing.before(length)),
    after: bytes(after),
    start: (init) => bytes(framing.start(init)),
    change(init) {
      const change = framing.change(init);
      return change === undefined ? undefined : bytes(change);
    },
  };
}

function bytes(made: unknown): Uint8Array {
  if (made instanceof Uint8Array) return made;
  throw new TypeError("a framing makes Uint8Arrays");
}
