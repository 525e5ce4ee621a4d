import type { FileHandle } from "node:fs/promises";

/** Bytes that are read at a time. */
const pieceLength = 64 * 1024;
/** Bytes of the box `moov` of a file that has it at its end; an hour of video has about one million. */
const maxMoov = 64 * 1024 * 1024;
/** Boxes of a file that are looked at until `moov` is found. */
const maxBoxes = 1000;

/**
 * The bytes of a file in pieces, in an order in which they can be read once: of an MP4 file whose `moov` stands behind its media (ISO/IEC 14496-12
 * 8.2.1, as most programs write it) the `moov` comes first, with places that are true then.
 */
export async function* fileBytes(handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = await handle.stat();
  const boxes = await findMoov(handle, size);
  if (boxes === undefined) return yield* part(handle, 0, size);
  const { mdat, moov } = boxes;
  const bytes = await read(handle, moov.at, moov.length);
  movePlaces(bytes.subarray(moov.head), moov.length, moov.at);
  yield* part(handle, 0, mdat);
  yield bytes;
  yield* part(handle, mdat, moov.at);
  yield* part(handle, moov.at + moov.length, size);
}

interface Box {
  readonly at: number;
  readonly length: number;
  /** Bytes of its header. */
  readonly head: number;
  readonly type: string;
}

/** Where the media begin and where `moov` is, if that is behind them. */
async function findMoov(handle: FileHandle, size: number): Promise<{ readonly mdat: number; readonly moov: Box } | undefined> {
  let mdat: number | undefined;
  let at = 0;
  for (let count = 0; count < maxBoxes && at + 8 <= size; count++) {
    const box = readBox(await read(handle, at, Math.min(16, size - at)), 0, size - at);
    if (box === undefined || !/^[\w\u00a9 -]{4}$/.test(box.type)) return undefined;
    if (box.type === "moov" || box.type === "moof")
      return mdat === undefined || box.type === "moof" || box.length > maxMoov ? undefined : { mdat, moov: { ...box, at } };
    if (box.type === "mdat") mdat ??= at;
    at += box.length;
  }
  return undefined;
}

/** The box at a place; undefined where there is none that ends within `left` bytes. */
function readBox(bytes: Buffer, at: number, left: number): Box | undefined {
  if (bytes.length - at < 8) return undefined;
  const short = bytes.readUInt32BE(at);
  if (short === 1 && bytes.length - at < 16) return undefined;
  const head = short === 1 ? 16 : 8;
  const length = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short === 0 ? left : short;
  return length < head || length > left ? undefined : { at, length, head, type: bytes.toString("latin1", at + 4, at + 8) };
}

const holdingPlaces: ReadonlySet<string> = new Set(["trak", "mdia", "minf", "stbl"]);

/** Moves the places in a file that a `moov` names (8.7.5) on, those that lie before a limit. */
function movePlaces(boxes: Buffer, by: number, limit: number): void {
  for (let at = 0, box = readBox(boxes, 0, boxes.length); box !== undefined; box = readBox(boxes, at, boxes.length - at)) {
    const inside = boxes.subarray(at + box.head, at + box.length);
    if (holdingPlaces.has(box.type)) movePlaces(inside, by, limit);
    else if (box.type === "stco") moveList(inside, 4, (place) => moved(place, by, limit));
    else if (box.type === "co64") moveList(inside, 8, (place) => moved(place, by, limit));
    at += box.length;
  }
}

function moved(place: number, by: number, limit: number): number {
  return place < limit ? place + by : place;
}

function moveList(list: Buffer, width: 4 | 8, move: (place: number) => number): void {
  if (list.length < 8) return;
  const count = Math.min(list.readUInt32BE(4), Math.floor((list.length - 8) / width));
  for (let i = 0; i < count; i++) {
    const at = 8 + i * width;
    if (width === 8) list.writeBigUInt64BE(BigInt(move(Number(list.readBigUInt64BE(at)))), at);
    else list.writeUInt32BE(Math.min(0xffff_ffff, move(list.readUInt32BE(at))), at);
  }
}

async function* part(handle: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = from; at < to;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(Math.min(pieceLength, to - at)), 0, undefined, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function read(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
