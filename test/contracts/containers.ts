/** The containers there are, for the suite. */
import { ffmMuxer } from "../../src/containers/ffm/muxer.ts";
import { fmp4Muxer } from "../../src/containers/fmp4/muxer.ts";
import { matroskaMuxer } from "../../src/containers/matroska/muxer.ts";
import { tsMuxer } from "../../src/containers/mpegts/muxer.ts";
import { flvMuxer } from "../../src/containers/flv/muxer.ts";
import type { AudioTrack } from "../../src/media/track.ts";
import { rtmpMuxer } from "../../src/protocols/rtmp/muxer.ts";
import type { ContainerUnderTest } from "./container.ts";
import { audio } from "./media.ts";
import { ffmReader, flvReader, fmp4Reader, matroskaReader, rtmpReader, tsReader } from "./readers.ts";

const speex: AudioTrack = { ...audio, codec: "speex", config: new Uint8Array(0), codecString: "" };
/** Without the header of an FLV tag, FLV has nothing to call it by. */
const unnamed: AudioTrack = { ...audio, codec: "adpcm", config: new Uint8Array(0), codecString: "" };
/** 8 bits a sample, as FLV has them. */
const eightBit: AudioTrack = { ...audio, codec: "pcm-le", config: new Uint8Array(0), codecString: "", flvHeader: 0x3c };
const refusedByFlv = { track: unnamed, words: /FLV and RTMP cannot carry adpcm/ };

const rtmp = { messageStreamId: 1, signalling: "enhanced", data: "amf0", audio: true, video: true } as const;

export const containers: readonly ContainerUnderTest[] = [
  {
    name: "FLV",
    muxer: flvMuxer({ signalling: "enhanced" }),
    audioOnly: flvMuxer({ signalling: "enhanced", video: false }),
    reader: flvReader,
    audioWithin: 1,
    rollsOver: true,
    crossesNewConfigurations: true,
    crossesNewTracks: false,
    startsAtGradual: true,
    carriesMetadata: true,
    configsInBand: false,
    refused: refusedByFlv,
  },
  {
    name: "RTMP",
    muxer: rtmpMuxer(rtmp),
    audioOnly: rtmpMuxer({ ...rtmp, video: false }),
    reader: rtmpReader,
    audioWithin: 1,
    rollsOver: true,
    crossesNewConfigurations: true,
    crossesNewTracks: true,
    startsAtGradual: true,
    carriesMetadata: true,
    configsInBand: false,
    refused: refusedByFlv,
  },
  {
    name: "fMP4",
    muxer: fmp4Muxer(),
    audioOnly: fmp4Muxer({ video: false }),
    reader: fmp4Reader,
    audioWithin: 1024 / 48,
    rollsOver: false,
    crossesNewConfigurations: true,
    crossesNewTracks: true,
    startsAtGradual: false,
    carriesMetadata: false,
    configsInBand: false,
    refused: { track: speex, words: /MP4 cannot carry Speex/ },
  },
  {
    name: "Matroska",
    muxer: matroskaMuxer(),
    audioOnly: matroskaMuxer({ video: false }),
    reader: matroskaReader,
    audioWithin: 1,
    rollsOver: false,
    crossesNewConfigurations: false,
    crossesNewTracks: false,
    startsAtGradual: true,
    carriesMetadata: false,
    configsInBand: false,
    refused: { track: speex, words: /Matroska cannot carry Speex/ },
  },
  {
    name: "FFM",
    muxer: ffmMuxer(),
    audioOnly: ffmMuxer({ video: false }),
    reader: ffmReader,
    audioWithin: 0,
    rollsOver: false,
    crossesNewConfigurations: true,
    crossesNewTracks: false,
    startsAtGradual: true,
    carriesMetadata: false,
    configsInBand: false,
    refused: { track: eightBit, words: /FFM cannot carry uncompressed PCM/ },
  },
  {
    name: "MPEG-TS",
    muxer: tsMuxer(),
    audioOnly: tsMuxer({ video: false }),
    reader: tsReader,
    audioWithin: 1,
    rollsOver: false,
    crossesNewConfigurations: true,
    crossesNewTracks: true,
    startsAtGradual: true,
    carriesMetadata: false,
    configsInBand: true,
    refused: { track: speex, words: /MPEG-TS cannot carry Speex/ },
  },
];
