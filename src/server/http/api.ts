import type { HttpBindings } from "@hono/node-server";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { streamAddress } from "../../hub/identity.ts";
import { configJsonSchema, configSchemaPath } from "../config/json-schema.ts";
import { containerSchema, describeContainer } from "./container-description.ts";
import { describeStream, streamSchema } from "./stream-description.ts";
import { addClips } from "./clips-route.ts";
import { addRecordings, mistakeIn } from "./recordings-route.ts";
import { addRefusals } from "./refusals-route.ts";
import type { ServerFacts } from "./server-facts.ts";
import { statusOfRefusal } from "./http-problem.ts";
import { Refusal } from "../../hub/refusal.ts";

const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .openapi("Error", { description: "`code` is stable and for programs, `message` is for people." });

const serverSchema = z
  .object({
    version: z.string(),
    startedAt: z.iso.datetime(),
    rtmpPort: z.int().nullable(),
    httpPort: z.int().nullable(),
    rtmpUrl: z.string().nullable().openapi({
      description: "Where RTMP is reached (`rtmp.publicUrl`); null: `rtmpPort` of the host that you asked",
    }),
    httpUrl: z.string().nullable().openapi({
      description: "Where the pages are reached (`http.publicUrl`, or as trusted proxies tell); null: where you asked",
    }),
    open: z.boolean().openapi({ description: "Everybody who reaches the server may publish and watch." }),
    needsKey: z.boolean().openapi({ description: "Publishers are asked for a key." }),
    hls: z.boolean().openapi({ description: "Streams are watched by HLS too, at `APP/STREAM.m3u8`." }),
    containers: z.array(containerSchema).openapi({ description: "What streams are watched in over HTTP and WebSocket" }),
  })
  .openapi("Server");

const listSchema = z.object({ server: serverSchema, streams: z.array(streamSchema) }).openapi("Streams");

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const listRoute = createRoute({
  method: "get",
  path: "/api/v1/streams",
  summary: "The server and every stream that is on air or waited for",
  responses: { 200: json(listSchema, "All streams, by name") },
});

const oneRoute = createRoute({
  method: "get",
  path: "/api/v1/streams/{name}",
  summary: "One stream",
  request: {
    params: z.object({
      name: z
        .string()
        .openapi({ param: { name: "name", in: "path" }, example: "live/cam", description: "Its slashes may be written as they are." }),
    }),
  },
  responses: {
    200: json(streamSchema, "The stream"),
    400: json(errorSchema, "No stream can have that name"),
    404: json(errorSchema, "Nobody publishes it"),
  },
});

const settingsRoute = createRoute({
  method: "get",
  path: configSchemaPath,
  summary: "The JSON schema of the settings, for editors of YAML files",
  responses: { 200: { description: "JSON schema, draft 7", content: { "application/schema+json": { schema: z.object({}) } } } },
});

/** The HTTP API, a Fetch handler. */
export function createApi(facts: ServerFacts): OpenAPIHono<{ Bindings: HttpBindings }> {
  const api = new OpenAPIHono<{ Bindings: HttpBindings }>({
    defaultHook: (result, context) => (result.success ? undefined : context.json(badRequest(mistakeIn(result.error)), 400)),
  });
  // A body that is no JSON, for example.
  api.onError((error, context) => {
    if (!(error instanceof HTTPException)) throw error;
    return context.json(badRequest(error.message), error.status);
  });
  let settings: string | undefined;
  const settingsSchema = () => (settings ??= JSON.stringify(configJsonSchema()));
  api.openapi(listRoute, (context) => {
    const { rtmp, http } = facts.ports();
    const urls = facts.urls(context.env.incoming);
    const server = {
      version: facts.version,
      startedAt: new Date(facts.startedAt).toISOString(),
      rtmpPort: rtmp,
      httpPort: http,
      rtmpUrl: urls.rtmp,
      httpUrl: urls.http,
      open: facts.open(),
      needsKey: facts.needsKey,
      hls: facts.hls,
      containers: facts.containers.all.map(describeContainer),
    };
    const described = [...facts.hub.streams.values()].map((stream) => describeStream(stream, facts.containers));
    const streams = described.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return context.json({ server, streams }, 200);
  });
  api.openAPIRegistry.registerPath(oneRoute);
  // A name has slashes, which a parameter of the router does not match: the rest of the path is taken as it stands.
  api.get("/api/v1/streams/*", (context) => {
    try {
      const raw = new URL(context.req.url).pathname.slice("/api/v1/streams/".length);
      const { name } = streamAddress(raw.replaceAll(/%2f/gi, "/"));
      const stream = facts.hub.streams.get(name);
      if (!stream) throw new Refusal("not-live", `Nobody is publishing "${name}".`);
      return context.json(describeStream(stream, facts.containers));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return context.json({ error: { code: error.code, message: error.message } }, statusOfRefusal(error.code) as 400 | 404);
    }
  });
  addRefusals(api, facts.refusals);
  addRecordings(api, facts.recording, facts.refusals);
  addClips(api, facts.clips, () => facts.hub.scheduler.wallClock(), facts.refusals);
  api.openAPIRegistry.registerPath(settingsRoute);
  api.get(configSchemaPath, (context) => context.body(settingsSchema(), 200, { "Content-Type": "application/schema+json" }));
  // Relative to where this is read from: the server may be below any path.
  api.doc31("/api/v1/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Millrace", version: facts.version },
    servers: [{ url: "../../" }],
  });
  api.notFound((context) =>
    context.json(
      { error: { code: "not-found", message: `The API has no ${context.req.path}; /api/v1/openapi.json lists what it has.` } },
      404,
    ),
  );
  return api;
}

function badRequest(message: string): z.infer<typeof errorSchema> {
  return { error: { code: "bad-request", message } };
}
