import assert from "node:assert/strict";
import { test } from "node:test";
import { apiReport } from "../tools/api-report.ts";

const entries = [
  { name: "pkg", types: "dist/index.d.ts" },
  { name: "pkg/part", types: "dist/part.d.ts" },
];

const files = {
  "dist/index.d.ts": `export type { Shape } from "./deep/shape.js";
export { make as create, type Options } from "./make.js";
import { Element } from "./element.js";
export { Element };
declare global {
    interface HTMLElementTagNameMap {
        "an-element": Element;
    }
}
`,
  "dist/deep/shape.d.ts": `/** What it looks like. */
export interface Shape {
    readonly corners: readonly Corner[];
}
/** Not for import. */
export interface Corner {
    /** Degrees. */
    readonly angle: number;
}
export interface Unrelated {
    readonly corner: Corner;
}
`,
  "dist/make.d.ts": `import type { Logger } from "pino";
import * as z from "zod";
import type {
    Shape as Form
} from "./deep/shape.js";
/**
 * Makes one.
 *
 * @throws Error
 */
export declare function make(options: Options): Form;
/** How. */
export type Options = z.input<typeof schema> & { readonly logger?: Logger };
declare const schema: z.ZodObject<{
    size: z.ZodNumber;
}>;
export {};
`,
  "dist/element.d.ts": `/** Shown. */
export declare class Element {
    #private;
    readonly size: number;
}
`,
  "dist/part.d.ts": `export type { Shape } from "./deep/shape.js";\n`,
};

function report(changes: Readonly<Record<string, string>> = {}): string {
  return apiReport(new Map(Object.entries({ ...files, ...changes })), entries);
}

test("the report has every export with its comment, once, and what it leads to", () => {
  const [, first = "", second = "", rest = ""] = report().split(/^## .*\n/m);
  assert.equal(
    first.trim(),
    `\`\`\`ts
/** Shown. */
class Element {
    readonly size: number;
}

/** How. */
type Options = z.input<typeof schema> & { readonly logger?: Logger };

/** What it looks like. */
interface Shape {
    readonly corners: readonly Corner[];
}

/**
 * Makes one.
 *
 * @throws Error
 */
function make(options: Options): Form; // as create

global {
    interface HTMLElementTagNameMap {
        "an-element": Element;
    }
}
\`\`\``,
  );
  assert.equal(second.trim(), "Also `Shape` (`pkg`).");
  assert.equal(
    rest.trim(),
    `\`\`\`ts
/** Not for import. */
interface Corner {
    /** Degrees. */
    readonly angle: number;
}

const schema: z.ZodObject<{
    size: z.ZodNumber;
}>;
\`\`\``,
  );
});

test("a change far behind an export changes the report", () => {
  const changed = files["dist/deep/shape.d.ts"].replace("angle: number", "angle: bigint");
  assert.notEqual(report({ "dist/deep/shape.d.ts": changed }), report());
});

test("exports without a comment, exports that lead nowhere and forms that are not known are mistakes", () => {
  assert.throws(() => report({ "dist/element.d.ts": "export declare class Element {\n}\n" }), /without a doc comment: Element/);
  assert.throws(() => report({ "dist/part.d.ts": 'export { gone } from "./make.js";\n' }), /pkg\/part exports gone/);
  assert.throws(() => report({ "dist/part.d.ts": 'export * from "./make.js";\n' }), /dist\/make\.d\.ts, which is no entry point/);
  assert.throws(() => report({ "dist/part.d.ts": 'export default "./make.js";\n' }), /not known: export default/);
});

test("what an entry point passes on of another is named, and what it adds to other modules is shown", () => {
  const part = 'export * from "./index.js";\ndeclare module "framework" {\n    interface Tags {\n        "an-element": string;\n    }\n}\n';
  const shown = report({ "dist/part.d.ts": part });
  assert.match(shown, /\nmodule "framework" \{\n    interface Tags \{\n        "an-element": string;\n/);
  assert.match(shown, /\nAlso all of `pkg`\.\n/);
});
