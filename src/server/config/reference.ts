import { z } from "zod";
import { type Setting, settingsOf } from "./settings.ts";

/** One line of the settings' reference. */
export interface ConfigReferenceEntry {
  /** The path of the setting, `rtmp.port`. */
  readonly key: string;
  /** What may be written, in a word or two. */
  readonly type: string;
  /** The default as it would be written in YAML; undefined where there is none. */
  readonly default: string | undefined;
  readonly description: string;
  /** Its variable; for a secret also the one that names a file. */
  readonly variables: readonly string[];
}

/** Every setting, in the order of the schema. docs/config.md is checked against it. */
export function configReference(): ConfigReferenceEntry[] {
  return settingsOf().map((setting) => ({
    key: setting.key,
    type: typeWords(setting.schema),
    default: setting.default === undefined ? undefined : written(setting.default),
    description: setting.description,
    variables: setting.secret ? [setting.variable, `${setting.variable}_FILE`] : [setting.variable],
  }));
}

/** The same reference as the table in docs/config.md. */
export function configReferenceTable(): string {
  const rows = configReference().map(({ key, type, default: value, description, variables }) => {
    return `| \`${key}\` | ${type} | ${value === undefined ? "none" : `\`${value}\``} | ${description} | ${variables.map((name) => `\`${name}\``).join(", ")} |`;
  });
  return ["| Setting | Value | Default | Meaning | Variable |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

/** A value as it would be written in YAML. */
export function written(value: unknown): string {
  const plain = typeof value === "string" && /^[A-Za-z\d][\w./-]*$/.test(value);
  return plain ? value : JSON.stringify(value);
}

/** What may be written, in a word or two: the schema's own `form`, or what its kind says. */
export function typeWords(schema: Setting["schema"]): string {
  const form = schema.meta()?.["form"];
  if (typeof form === "string") return form;
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(", ");
  if (schema instanceof z.ZodBoolean) return "`true`, `false`";
  if (schema instanceof z.ZodNumber) return `${schema.minValue} to ${schema.maxValue}`;
  if (schema instanceof z.ZodArray) return `list of: ${typeWords(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodString) return "text";
  throw new Error(`no words for a setting of type ${schema.def.type}: give its schema .meta({ form: "…" })`);
}
