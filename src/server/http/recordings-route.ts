import type { HttpBindings } from "@hono/node-server";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { streamName } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { recordingChanges } from "../config/recording-schema.ts";
import type { DescribedRecording } from "../recording/recording-library.ts";
import type { RecordingService } from "../recording/recording-service.ts";
import type { RecordedFile } from "../recording/recorded.ts";
import { statusOfRefusal } from "./http-problem.ts";
import { guardForOperator, operatorOnly } from "./operator-requests.ts";
import type { RefusalSource } from "./server-facts.ts";

/** The path that the requests are for. */
export const recordingsPath = "/api/v1/recordings";

/** Recordings, and files of one, in an answer. */
const MOST_LISTED = 1000;

const time = z.iso.datetime();

const trackSchema = z.object({
  id: z.int(),
  kind: z.enum(["video", "audio", "data"]),
  codec: z.string(),
  codecString: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  sampleRate: z.int().optional(),
  channels: z.int().optional(),
});

const fileSchema = z
  .object({
    path: z.string().openapi({ description: "Below `recording.folder`" }),
    n: z.int().openapi({ description: "Number within the recording, from 1" }),
    format: z.enum(["mp4", "flv", "mpegts"]),
    state: z.enum(["writing", "complete", "cut"]).openapi({
      description: "`cut`: it ends where the disk or the server failed, and is whole up to there",
    }),
    start: time,
    end: time,
    duration: z.number().openapi({ description: "Seconds" }),
    size: z.int().openapi({ description: "Bytes" }),
    uploaded: z.boolean().openapi({ description: "It is in the bucket that recordings are copied to" }),
    tracks: z.array(trackSchema),
    gaps: z
      .array(z.object({ from: z.number(), to: z.number(), reason: z.enum(["disk", "slow", "publisher"]) }))
      .openapi({ description: "Parts of which it has nothing, in seconds from its beginning" }),
  })
  .openapi("RecordedFile");

const recordingSchema = z
  .object({
    id: z.string(),
    stream: z.string(),
    by: z.enum(["settings", "program", "api", "publisher", "unknown"]).openapi({ description: "Who began it" }),
    state: z.enum(["waiting", "recording", "failing", "ended"]).openapi({
      description: "`waiting` for a publisher; `failing`: the disk takes nothing, it is tried again every second",
    }),
    started: time,
    ended: time.nullable(),
    lost: z.number().openapi({ description: "Seconds of the stream that are in none of its files" }),
    error: z.string().nullable().openapi({ description: "Why it fails or failed" }),
    files: z.int().openapi({ description: "How many there are" }),
    size: z.int().openapi({ description: "Bytes of all of them" }),
  })
  .openapi("Recording");

const oneSchema = z.object({ recording: recordingSchema, files: z.array(fileSchema) }).openapi("RecordingWithFiles");
const listSchema = z.object({ recordings: z.array(recordingSchema) }).openapi("Recordings");
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** What it says of durations and sizes is checked as the settings are: `recordingChanges`. */
const bodySchema = z
  .strictObject({
    stream: z.string().openapi({ example: "live/cam" }),
    format: z.string().optional().openapi({ description: "`mp4`, `flv` or `mpegts`" }),
    template: z.string().optional(),
    cutTime: z.string().optional().openapi({ example: "10m" }),
    cutSize: z.string().optional().openapi({ example: "1GiB" }),
    cutAtKeyFrames: z.boolean().optional(),
    finish: z.string().optional().openapi({ description: "`index` or `faststart`" }),
  })
  .openapi("NewRecording", { description: "What is not said is as in the settings under `recording`." });

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const refused = {
  401: json(errorSchema, "Not from this machine, and without the publish key that is for every stream"),
  403: json(errorSchema, "From a page of another site"),
};
const description = operatorOnly;
const params = z.object({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: "id", in: "path" } }),
});

const listRoute = createRoute({
  method: "get",
  path: recordingsPath,
  summary: "Recordings, newest first: those that are made now and those that were",
  description,
  request: {
    query: z.object({
      stream: z.string().max(1000).optional(),
      limit: z.coerce.number().int().min(1).max(MOST_LISTED).default(100),
      before: z.string().max(100).optional().openapi({ description: "Only those that are listed after this one: an `id`" }),
    }),
  },
  responses: { 200: json(listSchema, "Recordings"), ...refused },
});

const oneRoute = createRoute({
  method: "get",
  path: `${recordingsPath}/{id}`,
  summary: "One recording and its files",
  description,
  request: {
    params,
    query: z.object({ after: z.coerce.number().int().min(0).default(0).openapi({ description: "Only files with higher numbers" }) }),
  },
  responses: { 200: json(oneSchema, `The recording, and up to ${MOST_LISTED} files`), 404: json(errorSchema, "There is none"), ...refused },
});

const beginRoute = createRoute({
  method: "post",
  path: recordingsPath,
  summary: "Record a stream, from its newest key frame until it ends; of one that nobody publishes, the next",
  description,
  request: { body: { content: { "application/json": { schema: bodySchema } }, required: true } },
  responses: {
    201: json(recordingSchema, "It began"),
    400: json(errorSchema, "The body is not right"),
    503: json(errorSchema, "There are too many, or the server is closing"),
    ...refused,
  },
});

const stopRoute = createRoute({
  method: "delete",
  path: `${recordingsPath}/{id}`,
  summary: "End a recording; its files stay",
  description,
  request: { params },
  responses: { 200: json(recordingSchema, "Its files are complete"), 404: json(errorSchema, "None that goes on has this id"), ...refused },
});

type Api = OpenAPIHono<{ Bindings: HttpBindings }>;

/** Adds `/api/v1/recordings`. */
export function addRecordings(api: Api, { recordings, library }: RecordingService, source: RefusalSource): void {
  const notFound = { error: { code: "not-found", message: "There is no such recording." } };
  guardForOperator(api, recordingsPath, "Recordings", source);
  api.openapi(listRoute, async (context) => {
    const { before, ...query } = context.req.valid("query");
    const last = before === undefined ? undefined : await library.recording(before);
    const rows = await library.list({ ...query, before: last && { started: last.started, id: last.id } });
    return context.json({ recordings: rows.map(describe) }, 200);
  });
  api.openapi(oneRoute, async (context) => {
    const { id } = context.req.valid("param");
    const row = await library.recording(id);
    if (row === undefined) return context.json(notFound, 404);
    const files = await library.files(id, MOST_LISTED, context.req.valid("query").after);
    return context.json({ recording: describe(row), files: files.map(describeFile) }, 200);
  });
  api.openapi(beginRoute, async (context) => {
    const { stream, ...own } = context.req.valid("json");
    const changes = recordingChanges.safeParse(own);
    if (!changes.success) return context.json({ error: { code: "bad-request", message: mistakeIn(changes.error) } }, 400);
    try {
      const session = recordings.begin(streamName(stream), { by: "api", changes: changes.data });
      return context.json(describe((await library.recording(session.id))!), 201);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return context.json({ error: { code: error.code, message: error.message } }, statusOfRefusal(error.code) as 400 | 503);
    }
  });
  api.openapi(stopRoute, async (context) => {
    const { id } = context.req.valid("param");
    const session = recordings.running.get(id);
    if (session === undefined) return context.json(notFound, 404);
    await session.stop();
    return context.json(describe((await library.recording(id))!), 200);
  });
}

/** What is wrong with a request, in words. */
export function mistakeIn({ issues }: { readonly issues: readonly z.core.$ZodIssue[] }): string {
  return issues.map(({ path, message }) => [...path.map(String), message].join(": ")).join("; ");
}

const iso = (at: number): string => new Date(at).toISOString();

function describe({
  id,
  stream,
  by,
  state,
  started,
  ended,
  lost,
  error,
  files,
  size,
}: DescribedRecording): z.infer<typeof recordingSchema> {
  const times = { started: iso(started), ended: ended === null ? null : iso(ended) };
  return { id, stream, by, state, ...times, lost: lost / 1000, error, files, size };
}

function describeFile({
  path,
  n,
  format,
  state,
  start,
  end,
  duration,
  size,
  uploaded = false,
  tracks,
  gaps,
}: RecordedFile): z.infer<typeof fileSchema> {
  const parts = gaps.map(({ from, to, reason }) => ({ from: from / 1000, to: to / 1000, reason }));
  return {
    path,
    n,
    format,
    state,
    start: iso(start),
    end: iso(end),
    duration: duration / 1000,
    size,
    uploaded,
    tracks: [...tracks],
    gaps: parts,
  };
}
