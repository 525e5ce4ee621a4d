import type { HttpBindings } from "@hono/node-server";
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { RefusalSource } from "./server-facts.ts";

const attemptSchema = z
  .object({
    at: z.iso.datetime().openapi({ description: "The last time" }),
    count: z.int().openapi({ description: "How often the same was refused for the same reason" }),
    intent: z.enum(["publish", "play"]),
    protocol: z.string(),
    stream: z.string().openapi({ description: "As it was asked for; keys are masked" }),
    address: z.string(),
    client: z.string().openapi({ description: "What the encoder or player calls itself; may be empty" }),
    code: z.string().openapi({ description: "Stable, for programs" }),
    reason: z.string().openapi({ description: "What the peer was told" }),
  })
  .openapi("RefusedAttempt");

const listSchema = z.object({ refusals: z.array(attemptSchema) }).openapi("Refusals");
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const route = createRoute({
  method: "get",
  path: "/api/v1/refusals",
  summary: "The last attempts to publish or watch that were refused, newest first",
  description:
    "For requests from the machine itself, and for those with the publish key that is for every stream (`Authorization: Bearer KEY`): it shows addresses.",
  responses: {
    200: { description: "At most 200", content: { "application/json": { schema: listSchema } } },
    401: { description: "Not from this machine, and without that key", content: { "application/json": { schema: errorSchema } } },
  },
});

/** Adds `GET /api/v1/refusals`. */
export function addRefusals(api: OpenAPIHono<{ Bindings: HttpBindings }>, source: RefusalSource): void {
  api.openapi(route, async (context) => {
    const { incoming, outgoing } = context.env;
    const proof = await source.may(incoming);
    // Any page that a browser of this machine has open could ask as well: nearness is not for pages of other sites.
    if (proof !== "key") outgoing.removeHeader("Access-Control-Allow-Origin");
    if (proof === undefined) {
      const message =
        "This list shows addresses. It is for the machine itself, and for who sends the publish key that is for every stream as a bearer token.";
      return context.json({ error: { code: "operator-only", message } }, 401, { "WWW-Authenticate": 'Bearer realm="Millrace"' });
    }
    const refusals = source.attempts.map(({ at, ...attempt }) => ({ ...attempt, at: new Date(at).toISOString() }));
    return context.json({ refusals }, 200);
  });
}
