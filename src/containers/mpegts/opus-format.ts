/** How Opus packets follow one another in a transport stream, each behind a control header. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { AudioFormat } from "../../media/audio-format.ts";
import { describeAudio } from "../../media/describe.ts";
import { opusPacketSamples } from "../../media/opus.ts";
import { Codec } from "../../media/track.ts";
import { OPUS_HEADER_LENGTH, opusHeadOf, readOpusUnit } from "./opus-unit.ts";

/** @param channelCode of the descriptor, one that `opusHeadOf` knows */
export function opusFormat(channelCode: number): AudioFormat {
  let config: Uint8Array | undefined;
  return {
    headerLength: OPUS_HEADER_LENGTH,
    length: (data, at) => {
      try {
        return readOpusUnit(data, at).end - at;
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return error.code === "truncated" ? 0 : undefined;
      }
    },
    read(frame) {
      const { startTrim, payload } = readOpusUnit(frame, 0);
      // What the very first packet says is what OpusHead would have said.
      config ??= opusHeadOf(channelCode, startTrim)!;
      const data = frame.subarray(payload);
      return [{ codec: Codec.opus, ...describeAudio(Codec.opus, config), config, data, samples: opusPacketSamples(data) }];
    },
  };
}
