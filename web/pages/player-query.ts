/** What the query of a page says of its player. */
export interface PlayerQuery {
  readonly muted: boolean;
  readonly controls: boolean;
  /** What is left, for the stream's own URL: with its question mark, or "". */
  readonly rest: string;
}

/** `?muted` mutes, `?controls=0` hides the controls; `0`, `false`, `no` and `off` mean no, anything else yes. */
export function playerQuery(query: string): PlayerQuery {
  const params = new URLSearchParams(query);
  const muted = flag(params, "muted", false);
  const controls = flag(params, "controls", true);
  params.delete("muted");
  params.delete("controls");
  const rest = params.toString();
  return { muted, controls, rest: rest === "" ? "" : `?${rest}` };
}

function flag(params: URLSearchParams, name: string, otherwise: boolean): boolean {
  const value = params.get(name);
  return value === null ? otherwise : !/^(0|false|no|off)$/i.test(value);
}
