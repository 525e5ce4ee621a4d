/** A check that says what is wrong, as libraries of schemas offer it: https://standardschema.dev, version 1. Zod, Valibot and ArkType do. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Has to answer at once: options are read before anything can be waited for. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  };
}

/** What a check came to. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One mistake. */
export interface StandardIssue {
  /** What is wrong, for the person who wrote the settings. It is shown as it is: it must not hold a secret. */
  readonly message: string;
  /** Where in the value; the whole of it if not given. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * How a plug-in reads its options: a Standard Schema, or a function of its own that returns them and throws an Error for what is wrong.
 * Such an error may say where that is, by a `path` (a list of keys), or have `issues` as a Standard Schema has them.
 */
export type OptionsSchema<Options> = StandardSchema<Options> | { parse(value: unknown): Options };

/** The options, or what is wrong with them, by path. */
export type ReadOptions<Options> = { readonly options: Options } | { readonly mistakes: readonly OptionMistake[] };

/** One mistake, and where in the options it is. */
export interface OptionMistake {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Reads options. What the schema itself does wrong is a mistake too. */
export function readOptions<Options>(schema: OptionsSchema<Options>, value: unknown): ReadOptions<Options> {
  try {
    if (!("~standard" in schema)) return { options: schema.parse(value) };
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      return { mistakes: [{ path: [], message: "the plug-in's schema does not answer at once, which it has to" }] };
    }
    return result.issues === undefined ? { options: result.value } : { mistakes: result.issues.map(mistake) };
  } catch (error) {
    return { mistakes: thrownMistakes(error) };
  }
}

function thrownMistakes(error: unknown): OptionMistake[] {
  if (!(error instanceof Error)) return [{ path: [], message: `the plug-in threw a ${typeof error}` }];
  const issues: unknown = "issues" in error ? error.issues : undefined;
  if (Array.isArray(issues) && issues.length > 0 && issues.every(isIssue)) return issues.map(mistake);
  return [mistake({ message: error.message, path: "path" in error && isPath(error.path) ? error.path : [] })];
}

function mistake({ message, path = [] }: StandardIssue): OptionMistake {
  return { path: path.map((key) => (typeof key === "object" ? key.key : key)), message };
}

function isIssue(issue: unknown): issue is StandardIssue {
  if (typeof issue !== "object" || issue === null || !("message" in issue) || typeof issue.message !== "string") return false;
  return !("path" in issue) || issue.path === undefined || isPath(issue.path);
}

function isPath(path: unknown): path is NonNullable<StandardIssue["path"]> {
  return Array.isArray(path);
}
