import type { HttpBindings } from "@hono/node-server";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { streamName } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { readDate } from "../../hub/replay-date.ts";
import { ClipTooLarge } from "../clips/clip-frames.ts";
import type { Clip, Clips } from "../clips/clips.ts";
import { statusOfRefusal } from "./http-problem.ts";
import { guardForOperator, operatorOnly } from "./operator-requests.ts";
import type { RefusalSource } from "./server-facts.ts";

/** The path that the requests are for. */
export const clipsPath = "/api/v1/clips";

/** Bytes of a clip that are written at a time. */
const piece = 256 * 1024;

const date = (words: string) =>
  z
    .string()
    .max(100)
    .openapi({ example: "2026-11-21T16:04:30Z", description: `${words}: a date and time, ISO 8601; without a zone it is the server's` });

const bodySchema = z
  .strictObject({
    stream: z.string().openapi({ example: "live/cam" }),
    from: date("Where it begins"),
    to: date("Where it ends, now if not given").optional(),
  })
  .openapi("NewClip");

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const told = (description: string) => ({ description, content: { "application/json": { schema: errorSchema } } });

const route = createRoute({
  method: "post",
  path: clipsPath,
  summary: "A part of a stream's past as an MP4 file, without encoding anything anew",
  description: `${operatorOnly} It is made of what is in memory, in a feed's file or in recordings. It ends early where the stream's tracks change; the headers \`Clip-From\` and \`Clip-To\` say what it shows.`,
  request: { body: { content: { "application/json": { schema: bodySchema } }, required: true } },
  responses: {
    200: {
      description: "The file, with its index in front",
      content: { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } },
    },
    400: told("The body is not right, or the clip is longer than `clips.maxDuration`"),
    401: told("Not from this machine, and without the publish key that is for every stream"),
    403: told("From a page of another site"),
    404: told("Nothing is kept of that time"),
    413: told("It would have more bytes than `clips.maxSize`"),
    415: told("MP4 carries none of its tracks, or a recording cannot be read"),
    503: told("Too many are made at once"),
  },
});

/** Adds `/api/v1/clips`. @param now Unix milliseconds */
export function addClips(api: OpenAPIHono<{ Bindings: HttpBindings }>, clips: Clips, now: () => number, source: RefusalSource): void {
  guardForOperator(api, clipsPath, "Clips", source);
  api.openapi(route, async (context) => {
    const problem = (code: string, message: string) => ({ error: { code, message } });
    const { stream, from: fromText, to: toText } = context.req.valid("json");
    const present = now();
    const from = readDate(fromText, present);
    const to = toText === undefined ? present : readDate(toText, present);
    if (from === undefined || to === undefined)
      return context.json(
        problem("bad-request", `"${(from === undefined ? fromText : toText)!}" is no date: 2026-11-21T16:04:30Z is one.`),
        400,
      );
    const words = mistakeIn({ from, to }, present, clips.maxDuration);
    if (words !== undefined) return context.json(problem("bad-request", words), 400);
    try {
      const name = streamName(stream);
      return answer(name, await clips.make(name, { from, to }));
    } catch (error) {
      if (error instanceof ClipTooLarge) return context.json(problem("limit", error.message), 413);
      if (error instanceof ProtocolError)
        return context.json(problem("unreadable", `A recording cannot be read: ${error.message} (${error.code}).`), 415);
      if (!(error instanceof Refusal)) throw error;
      return context.json(problem(error.code, error.message), statusOfRefusal(error.code) as 400 | 404 | 415 | 503);
    }
  });
}

function mistakeIn({ from, to }: { from: number; to: number }, present: number, longest: number): string | undefined {
  if (to > present) return "The clip would end in the future.";
  if (from >= to) return "The clip would end before it begins.";
  return to - from > longest ? `A clip is at most ${longest / 1000} s long.` : undefined;
}

function answer(stream: string, { parts, size, from, to }: Clip): Response {
  const begin = new Date(from).toISOString();
  const fileName = `${stream}-${begin}`.replaceAll(/[^\w.-]+/g, "_");
  const headers = {
    "Content-Type": "video/mp4",
    "Content-Length": String(size),
    "Content-Disposition": `attachment; filename="${fileName}.mp4"`,
    "Clip-From": begin,
    "Clip-To": new Date(to).toISOString(),
  };
  const taken = pieces(parts);
  const body = new ReadableStream({
    pull(controller) {
      const { value } = taken.next();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
  });
  return new Response(body, { headers });
}

/** Payloads are small and many. */
function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array, undefined> {
  let some: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    some.push(part);
    bytes += part.length;
    if (bytes < piece) continue;
    yield joined(some);
    some = [];
    bytes = 0;
  }
  if (bytes > 0) yield joined(some);
  return undefined;
}
