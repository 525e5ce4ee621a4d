/** Seconds of buffer aimed at, where the attribute `latency` says nothing; and what it may say. */
const defaultLatency = 0.25;
const shortestLatency = 0.05;
const longestLatency = 30;

/** A property's value, or what frameworks set where they have none. */
export type Given<Value> = Value | null | undefined;

/** Seconds of buffer aimed at. */
export function latencyOf(text: string | null): number {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? Math.min(longestLatency, Math.max(shortestLatency, value)) : defaultLatency;
}

/** A value of a closed set out of an attribute; what is none of it is `auto`. */
export function choice<Value extends string>(
  set: Readonly<Record<"auto", Value>> & Readonly<Record<string, Value>>,
  text: string | null,
): Value {
  return Object.values(set).find((value) => value === text) ?? set.auto;
}

/** Properties that were set before the element was defined hide its own: they are set again. */
export function takeProperties(element: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value: unknown = Reflect.get(element, name);
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, value);
  }
}

/** Sets an attribute to a property's value, or takes it away. */
export function reflect(element: HTMLElement, name: string, value: Given<string | number>): void {
  if (value == null) element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}
