import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";

/** Vorbis I (xiph.org): what its three headers say, as far as it takes to tell how long a packet lasts. */

export interface VorbisConfig {
  readonly sampleRate: number;
  readonly channels: number;
  /** Identification, comment and setup: views of the record. */
  readonly headers: readonly [Uint8Array, Uint8Array, Uint8Array];
  /** Samples of the short and the long blocks. */
  readonly blockSizes: readonly [number, number];
  /** Whether packets of a mode are long blocks, by the mode's number. */
  readonly isLong: readonly boolean[];
}

const HEADERS = 3;
const IDENTIFICATION = 1;
const SETUP = 5;
/** Bits of a mode in the setup header: long, window type, transform type, mapping. */
const MODE_BITS = 41;
const MAX_MODES = 64;

/** Parses a track's record: the three headers, of which the sizes of two stand before them in Xiph lacing. */
export function parseVorbisConfig(config: Uint8Array): VorbisConfig {
  const headers = splitHeaders(config);
  const identification = headerBody(headers[0], IDENTIFICATION);
  const version = identification.u32le();
  const channels = identification.u8();
  const sampleRate = identification.u32le();
  identification.skip(12);
  const sizes = identification.u8();
  const [short, long] = [sizes & 15, sizes >> 4];
  if (version !== 0) throw new ProtocolError("unsupported", `Vorbis version ${version}`);
  if (channels === 0 || sampleRate === 0) throw new ProtocolError("malformed", `Vorbis of ${sampleRate} Hz and ${channels} channels`);
  if (short < 6 || long > 13 || short > long) throw new ProtocolError("malformed", `Vorbis blocks of 2^${short} and 2^${long} samples`);
  headerBody(headers[2], SETUP);
  return { sampleRate, channels, headers, blockSizes: [2 ** short, 2 ** long], isLong: readModes(headers[2]) };
}

function splitHeaders(config: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  const reader = new Reader(config);
  const count = 1 + reader.u8();
  if (count !== HEADERS) throw new ProtocolError("malformed", `${count} headers of Vorbis`);
  const size = (): number => {
    let sum = 0;
    let byte: number;
    do {
      byte = reader.u8();
      sum += byte;
    } while (byte === 255);
    return sum;
  };
  const [first, second] = [size(), size()];
  return [reader.bytes(first), reader.bytes(second), reader.rest()];
}

/** What follows a header's type and name (4.2.1). */
function headerBody(header: Uint8Array, type: number): Reader {
  const reader = new Reader(header);
  if (reader.u8() !== type || reader.text(6) !== "vorbis") throw new ProtocolError("malformed", "no header of Vorbis");
  return reader;
}

/**
 * The modes stand at the end of the setup header (4.2.4), behind code books that only a decoder can read: they are found from its end, where
 * their number, the zeros in each and the last set bit have to agree.
 */
function readModes(setup: Uint8Array): boolean[] {
  const bits = (at: number, count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value |= ((setup[(at + i) >> 3]! >> ((at + i) & 7)) & 1) << i;
    return value;
  };
  let end = setup.length * 8 - 1;
  while (end > 0 && bits(end, 1) === 0) end--;
  const modes: boolean[] = [];
  let found: boolean[] | undefined;
  while (modes.length < MAX_MODES) {
    const at = end - MODE_BITS * (modes.length + 1);
    if (at < 6 || bits(at + 1, 16) !== 0 || bits(at + 17, 16) !== 0 || bits(at + 33, 8) > 63) break;
    modes.unshift(bits(at, 1) === 1);
    if (bits(at - 6, 6) + 1 === modes.length) found = [...modes];
  }
  if (found === undefined) throw new ProtocolError("malformed", "no modes of Vorbis");
  return found;
}

/** Samples of a packet's block; 0 for what is no audio. What comes out is a quarter of it and a quarter of the one before (4.3.8). */
export function vorbisBlockSize({ blockSizes, isLong }: VorbisConfig, packet: Uint8Array): number {
  const first = packet[0] ?? 1;
  if ((first & 1) !== 0) return 0;
  const modeBits = 32 - Math.clz32(isLong.length - 1);
  const mode = (first >> 1) & (2 ** modeBits - 1);
  return blockSizes[isLong[mode] === true ? 1 : 0];
}
