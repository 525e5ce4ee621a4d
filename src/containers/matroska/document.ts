/** What a document says of itself: its EBML header (RFC 8794 11.2, RFC 9559 4) and its Segment's Info (RFC 9559 5.1.2). */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Metadata } from "../../media/track.ts";
import { element, elements, MAX_ID_LENGTH, MAX_SIZE_LENGTH, text, textElement, unsigned, unsignedElement } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** What a document calls itself: WebM is Matroska with few codecs. */
export const DocType = { matroska: "matroska", webm: "webm" } as const;
export type DocType = (typeof DocType)[keyof typeof DocType];

/** The newest version that we know all elements of which a reader must know, and the oldest that has all we write (SimpleBlock). */
const NEWEST_READ_VERSION = 4;
const WRITTEN_READ_VERSION = 2;
/** The version that has CodecDelay, Colour and LanguageBCP47. */
const WRITTEN_VERSION = 4;

/** Refuses documents that are not ours to read. @throws ProtocolError */
export function checkEbmlHeader(data: Uint8Array): void {
  let docType = "";
  let [ebml, idLength, sizeLength, version] = [1, MAX_ID_LENGTH, MAX_SIZE_LENGTH, 1];
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.docType) docType = text(value);
    if (id === ElementId.ebmlReadVersion) ebml = unsigned(value);
    if (id === ElementId.ebmlMaxIdLength) idLength = unsigned(value);
    if (id === ElementId.ebmlMaxSizeLength) sizeLength = unsigned(value);
    if (id === ElementId.docTypeReadVersion) version = unsigned(value);
  }
  if (docType !== DocType.matroska && docType !== DocType.webm)
    throw new ProtocolError("unsupported", `EBML document type "${docType.slice(0, 32)}", neither matroska nor webm`);
  if (ebml > 1) throw new ProtocolError("unsupported", `EBML version ${ebml}`);
  if (idLength > MAX_ID_LENGTH || sizeLength > MAX_SIZE_LENGTH)
    throw new ProtocolError("unsupported", `EBML ids of ${idLength} bytes, sizes of ${sizeLength}`);
  if (version > NEWEST_READ_VERSION) throw new ProtocolError("unsupported", `Matroska version ${version}`);
}

/** The EBML header of what we write. */
export function ebmlHeader(docType: DocType): Uint8Array {
  return element(
    ElementId.ebml,
    unsignedElement(ElementId.ebmlVersion, 1),
    unsignedElement(ElementId.ebmlReadVersion, 1),
    unsignedElement(ElementId.ebmlMaxIdLength, MAX_ID_LENGTH),
    unsignedElement(ElementId.ebmlMaxSizeLength, MAX_SIZE_LENGTH),
    textElement(ElementId.docType, docType),
    unsignedElement(ElementId.docTypeVersion, WRITTEN_VERSION),
    unsignedElement(ElementId.docTypeReadVersion, WRITTEN_READ_VERSION),
  );
}

/** The grid of a segment's times: a tick of the segment is `factor / timescale` seconds. */
export interface Grid {
  /** Ticks per second that tracks get. */
  readonly timescale: number;
  /** Ticks of tracks in one tick of the segment. */
  readonly factor: number;
}

export interface Info {
  readonly grid: Grid;
  /** Title and writing application, where given. */
  readonly metadata: Metadata;
}

const NANOSECONDS = 1_000_000_000;
/** Nanoseconds of a tick where Info does not say. */
const DEFAULT_SCALE = 1_000_000;

/** Info; an empty body for a segment that has none. @throws ProtocolError */
export function readInfo(data: Uint8Array): Info {
  let scale = DEFAULT_SCALE;
  const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.timestampScale) scale = unsigned(value);
    if (id === ElementId.title) metadata["title"] = text(value);
    if (id === ElementId.writingApp) metadata["encoder"] = text(value);
  }
  return { grid: gridOf(scale), metadata };
}

/** The coarsest whole number of ticks per second that has every tick of the segment. */
function gridOf(scale: number): Grid {
  if (scale === 0 || scale > NANOSECONDS) throw new ProtocolError("malformed", `Matroska: a tick of ${scale} nanoseconds`);
  const common = greatestCommonDivisor(scale, NANOSECONDS);
  return { timescale: NANOSECONDS / common, factor: scale / common };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Nanoseconds as ticks of tracks, to the nearest. */
export function ticksOf(nanoseconds: number, { timescale }: Pick<Grid, "timescale">): number {
  return Math.round((nanoseconds * timescale) / NANOSECONDS);
}

/** Info of what we write: the length of a tick, and who wrote it. */
export function info(ticksPerSecond: number): Uint8Array {
  return element(
    ElementId.info,
    unsignedElement(ElementId.timestampScale, NANOSECONDS / ticksPerSecond),
    textElement(ElementId.muxingApp, "Millrace"),
    textElement(ElementId.writingApp, "Millrace"),
  );
}
