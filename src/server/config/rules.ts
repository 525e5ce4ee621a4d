import type { Remark } from "./renamed.ts";
import type { Config } from "./schema.ts";

/**
 * What is wrong between settings that each are right. A rule stands here and not in the schema, because settings come from
 * several places and are checked one place at a time; only together can they break a rule.
 */
export function rulesBroken(config: Config): Remark[] {
  return rules.flatMap((rule) => rule(config) ?? []);
}

const rules: readonly ((config: Config) => Remark | undefined)[] = [samePort];

function samePort({ rtmp, http }: Config): Remark | undefined {
  if (!rtmp.enabled || !http.enabled || rtmp.port === 0 || rtmp.port !== http.port) return undefined;
  if (rtmp.host !== http.host && rtmp.host !== "*" && http.host !== "*") return undefined;
  return { path: ["http", "port"], message: `${http.port} is the port of RTMP too (rtmp.port)` };
}
