/** Frames as the elementary streams of MPEG-TS have them. */
import { adtsHeader } from "../../media/aac-adts.ts";
import { parseAacConfig } from "../../media/aac.ts";
import { joinAnnexB } from "../../media/annex-b.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { parseHevcConfig } from "../../media/hevc.ts";
import { hasMpeg4Headers } from "../../media/mpeg-video.ts";
import { nalUnits } from "../../media/nal.ts";
import { nalRules } from "../../media/nal-rules.ts";
import type { NalCodec } from "../../media/nal-rules.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { opusControlHeader } from "./opus-unit.ts";

/** Access unit delimiters that say nothing of the pictures behind them: any kind of slice. */
const delimiters = { [Codec.avc]: Uint8Array.of(0x09, 0xf0), [Codec.hevc]: Uint8Array.of(0x46, 0x01, 0x50) } as const;

/** Makes the bytes of one frame. Undefined where this frame cannot be carried. @throws ProtocolError where it is damaged */
export type PayloadMaker = (frame: Pick<Frame, "data" | "sap">) => readonly Uint8Array[] | undefined;

/** For a track that `notCarriedByTs` lets pass. */
export function videoPayload({ codec, config }: VideoTrack): PayloadMaker {
  if (codec === Codec.avc) return nalPayload(Codec.avc, setsOfAvc(config));
  if (codec === Codec.hevc) return nalPayload(Codec.hevc, setsOfHevc(config));
  if (codec === Codec.mpeg4)
    return (frame) => (isRandomAccess(frame) && !hasMpeg4Headers(frame.data) ? [config, frame.data] : [frame.data]);
  return ({ data }) => [data];
}

function setsOfAvc(config: Uint8Array): Uint8Array[] {
  const { sps, pps } = parseAvcConfig(config);
  return [...sps, ...pps];
}

function setsOfHevc(config: Uint8Array): Uint8Array[] {
  const { vps, sps, pps } = parseHevcConfig(config);
  return [...vps, ...sps, ...pps];
}

/**
 * A delimiter, which 2.14.1 asks for, then where decoding may start the parameter sets, then the frame. Its own delimiters and filler are left out,
 * and so are sets of the record that it has itself.
 */
function nalPayload(codec: NalCodec, sets: readonly Uint8Array[]): PayloadMaker {
  const rules = nalRules(codec);
  const delimiter = delimiters[codec];
  return (frame) => {
    const units: Uint8Array[] = [];
    for (const unit of nalUnits(frame.data)) {
      const role = rules.role(unit);
      if (role !== "delimiter" && role !== "filler") units.push(unit);
    }
    const missing = isRandomAccess(frame) ? sets.filter((set) => !units.some((unit) => sameBytes(unit, set))) : [];
    return [joinAnnexB([delimiter, ...missing, ...units])];
  };
}

/** For a track that `notCarriedByTs` lets pass. */
export function audioPayload({ codec, config }: AudioTrack): PayloadMaker {
  if (codec === Codec.opus) return ({ data }) => [opusControlHeader(data.length), data];
  if (codec !== Codec.aac) return ({ data }) => [data];
  const aac = parseAacConfig(config);
  return ({ data }) => {
    const header = adtsHeader(aac, data.length);
    return header && [header, data];
  };
}
