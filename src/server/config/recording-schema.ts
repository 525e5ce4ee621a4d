import { z } from "zod";
import { publicUrl } from "./network-values.ts";
import { templateMistake, templatePattern } from "../recording/name-template.ts";
import { duration, size } from "./quantity.ts";

const formats = ["mp4", "flv", "mpegts"] as const;
const finishes = ["index", "faststart"] as const;

/** Where a file's name comes from. */
function template() {
  return z
    .string()
    .min(1)
    .max(500)
    .regex(templatePattern, { error: ({ input }) => templateMistake(String(input)) })
    .meta({ form: "path with placeholders" });
}

const cutTime = () => duration("0s", "480h");
const cutSize = () => size("0B", "16384GiB");

/** Names of streams: `live/cam`, `live/*`, `**`. */
const streamPattern = () =>
  z.string({ error: "must be the name of a stream, or a pattern like live/*" }).min(1).max(200).meta({ form: "name or pattern" });

/** What one recording may have of its own; else the settings count. */
const ownSettings = {
  format: z.enum(formats).optional(),
  template: template().optional(),
  cutTime: cutTime().optional(),
  cutSize: cutSize().optional(),
  cutAtKeyFrames: z.boolean().optional(),
  finish: z.enum(finishes).optional(),
};

/** The same for a recording that a program or a request begins. */
export const recordingChanges = z.strictObject(ownSettings);

/** As they are written: durations and sizes with their units. */
export type RecordingChanges = z.input<typeof recordingChanges>;

/** One entry of `recording.streams`. */
const streamRule = z.union([streamPattern(), z.strictObject({ match: streamPattern(), ...ownSettings })], {
  error: "must be a stream's name or pattern, or one with settings of its own: { match: live/*, format: flv, cutTime: 10m }",
});

/** Where recordings are copied to. */
const s3 = z.strictObject({
  endpoint: publicUrl(["https", "http"], true).prefault("").meta({
    description: "URL of an S3-compatible service that recordings are copied to, without the bucket; without it, none.",
  }),
  region: z
    .string()
    .regex(/^[\w-]{1,100}$/, { error: "must be the name of a region, like eu-central-1" })
    .default("us-east-1")
    .meta({ description: "Its region." }),
  bucket: z
    .string()
    .regex(/^[\w.-]{0,255}$/, { error: "must be the name of a bucket" })
    .default("")
    .meta({ description: "The bucket, which must be there." }),
  prefix: z
    .string()
    .max(500)
    .default("")
    .meta({ description: "What the objects' names begin with, before the files' paths: `recordings/`." }),
  accessKey: z.string().max(500).default("").meta({ description: "Id of the key that may write there." }),
  secretKey: z.string().min(1).max(500).optional().meta({ secret: true, description: "The key's secret." }),
  keepLocal: z.boolean().default(true).meta({ description: "Keep the files here too; `false` removes each when it is there as a whole." }),
});

/** The settings of recordings. */
export const recording = z.strictObject({
  streams: z.array(streamRule).max(1000).meta({ form: "list of names and patterns" }).default([]).meta({
    description:
      "Streams that are recorded whenever they are live: names, or patterns in which `*` is any part of a name and `**` any number of them; each also as `{ match, format, template, cutTime, cutSize, cutAtKeyFrames, finish }`. The first that fits counts.",
  }),
  publishTypes: z.boolean().default(false).meta({
    description: "Also record what RTMP publishers publish with the type `record` or `append`.",
  }),
  folder: z.string().min(1).max(4096).default("recordings").meta({
    description: "Directory of the recordings and their index, relative to where the server was started.",
  }),
  template: template().default("{app}/{name}/{date}-{time}-{n}.{ext}").meta({
    description:
      "Names of the files below `folder`, of `{app}`, `{name}` (the rest of the stream's name), `{stream}`, `{date}`, `{time}` (UTC), `{n}` (number in the recording) and `{ext}`.",
  }),
  format: z.enum(formats).default("mp4").meta({ description: "Container of the files: fragmented MP4, FLV or MPEG-TS." }),
  cutTime: cutTime().prefault("0s").meta({ description: "Begin a new file with the first key frame after so long; `0s` does not." }),
  cutSize: cutSize().prefault("0B").meta({ description: "Begin a new file with the first key frame after so many bytes; `0B` does not." }),
  cutAtKeyFrames: z.boolean().default(false).meta({ description: "Begin a new file with every key frame." }),
  finish: z.enum(finishes).default("index").meta({
    description:
      "What an MP4 file gets when it is complete: an index at its end, or a second writing as a progressive file with its index in front (`faststart`).",
  }),
  buffer: size("1MiB", "16GiB").prefault("256MiB").meta({
    description: "The most bytes of all recordings together that wait for a slow disk; what comes on top is lost, counted and told.",
  }),
  keepFor: duration("0s", "87600h").prefault("0s").meta({ description: "Files older than this are removed; `0s` keeps them." }),
  keepSize: size("0B", "1048576GiB").prefault("0B").meta({
    description: "The oldest files are removed where all of them together are larger than this; `0B` keeps them.",
  }),
  s3: s3.prefault({}),
  keepFree: size("0B", "1048576GiB").prefault("0B").meta({
    description: "The oldest files are removed where the disk has less space left than this; `0B` keeps them.",
  }),
});
