/** BITMAPINFOHEADER (Microsoft, wingdi.h), the CodecPrivate of V_MS/VFW/FOURCC: codecs that Matroska knows by AVI's names. */
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { Codec } from "../../media/track.ts";
import type { VideoTrack } from "../../media/track.ts";

const LENGTH = 40;

/** What we write; read in any case. */
const fourCcs: ReadonlyMap<Codec, string> = new Map([
  [Codec.h263, "FLV1"],
  [Codec.screen, "FSV1"],
  [Codec.h261, "H261"],
  [Codec.ituH263, "H263"],
  [Codec.msmpeg4v2, "MP42"],
  [Codec.wmv1, "WMV1"],
  [Codec.wmv2, "WMV2"],
]);
const codecs: ReadonlyMap<string, Codec> = new Map(Array.from(fourCcs, ([codec, fourCc]) => [fourCc, codec]));

/** Whether AVI has a name for the codec. */
export function isInBitmapInfo(codec: Codec): boolean {
  return fourCcs.has(codec);
}

/** The codec and what it puts behind the structure, a view; undefined for codecs that we do not carry. @throws ProtocolError */
export function readBitmapInfo(data: Uint8Array): { readonly codec: Codec; readonly record: Uint8Array } | undefined {
  const reader = new Reader(data);
  reader.skip(16);
  const codec = codecs.get(reader.fourCc().toUpperCase());
  if (codec === undefined) return undefined;
  reader.skip(LENGTH - 20);
  return { codec, record: reader.rest() };
}

/** The structure for a track whose codec has a name. */
export function bitmapInfoOf({ codec, width, height, config }: VideoTrack): Uint8Array {
  const out = new Writer(LENGTH + config.length)
    .u32le(LENGTH + config.length)
    .u32le(width)
    .u32le(height)
    .u16le(1)
    .u16le(24);
  out
    .ascii(fourCcs.get(codec)!)
    .u32le(width * height * 3)
    .zeros(16);
  return out.bytes(config).done();
}
