/** ContentEncodings (RFC 9559 5.1.4.1.31): what was done to the frames of a track before they became blocks. */
import { elements, unsigned } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** How to get the frames back. */
export interface ContentEncoding {
  /** Goes before every frame (header stripping); empty for none. */
  readonly prefix: Uint8Array;
  /** The same for the CodecPrivate. */
  readonly privatePrefix: Uint8Array;
  /** Why that cannot be done here, in words that follow "is"; undefined where it can. */
  readonly refusal: string | undefined;
}

/** Bytes that a frame may have been stripped of: at most 256 frames of a block get them. */
const MAX_PREFIX = 256;
const Scope = { frames: 1, codecPrivate: 2 } as const;
const ENCRYPTION = 1;
const HEADER_STRIPPING = 3;
const compressions = ["compressed with zlib", "compressed with bzip2", "compressed with LZO"] as const;

const none = new Uint8Array(0);
export const unencoded: ContentEncoding = Object.freeze({ prefix: none, privatePrefix: none, refusal: undefined });

const refused = (refusal: string): ContentEncoding => ({ ...unencoded, refusal });

/** The body of ContentEncodings. */
export function readContentEncodings(data: Uint8Array): ContentEncoding {
  const encodings = [...elements(data)].filter(({ id }) => id === ElementId.contentEncoding);
  if (encodings.length > 1) return refused("encoded more than once");
  const [only] = encodings;
  return only === undefined ? unencoded : readContentEncoding(only.data);
}

function readContentEncoding(data: Uint8Array): ContentEncoding {
  let [scope, type]: number[] = [Scope.frames, 0];
  let compression: Uint8Array = none;
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.contentEncodingScope) scope = unsigned(value);
    if (id === ElementId.contentEncodingType) type = unsigned(value);
    if (id === ElementId.contentCompression) compression = value;
  }
  if (type === ENCRYPTION) return refused("encrypted");
  let algorithm = 0;
  let settings: Uint8Array = none;
  for (const { id, data: value } of elements(compression)) {
    if (id === ElementId.contentCompAlgo) algorithm = unsigned(value);
    if (id === ElementId.contentCompSettings) settings = new Uint8Array(value); // not slice(): a Buffer's shares its memory
  }
  if (algorithm !== HEADER_STRIPPING) return refused(compressions[algorithm] ?? `compressed in a way (${algorithm}) that nobody knows`);
  if (settings.length > MAX_PREFIX) return refused(`stripped of ${settings.length} bytes a frame, ${MAX_PREFIX} allowed`);
  return {
    prefix: (scope! & Scope.frames) !== 0 ? settings : none,
    privatePrefix: (scope! & Scope.codecPrivate) !== 0 ? settings : none,
    refusal: undefined,
  };
}
