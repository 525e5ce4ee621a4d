/** What a player asks of a playlist in its query: RFC 8216bis 6.2.5. */

export interface DeliveryDirectives {
  /** Answer when this segment is there, or this part of it. */
  readonly segment: number | undefined;
  readonly part: number | undefined;
  /** Leave out what the player has. */
  readonly skip: boolean;
}

/** Names that begin so are reserved to these; they are not the credential of anybody. */
export const DIRECTIVE_PREFIX = "_HLS_";

/** Words for what means nothing. */
export function deliveryDirectives(query: URLSearchParams): DeliveryDirectives | string {
  const segment = decimalInteger(query.get("_HLS_msn"));
  const part = decimalInteger(query.get("_HLS_part"));
  const skip = query.get("_HLS_skip");
  if (segment === false) return "_HLS_msn is the number of a segment.";
  if (part === false) return "_HLS_part is the number of a part.";
  if (part !== undefined && segment === undefined) return "_HLS_part needs _HLS_msn.";
  if (skip !== null && skip !== "YES" && skip !== "v2") return "_HLS_skip is YES or v2.";
  return { segment, part, skip: skip !== null };
}

/** RFC 8216bis 4.2; false for what is none. */
function decimalInteger(text: string | null): number | undefined | false {
  if (text === null) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : false;
}
