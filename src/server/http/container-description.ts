import { z } from "@hono/zod-openapi";
import type { ContainerFormat } from "../containers/container-format.ts";
import { titleOf } from "../containers/format-names.ts";

export const containerSchema = z
  .object({
    name: z.string(),
    title: z.string().openapi({ description: "For people", example: "FLV" }),
    extension: z.string().openapi({ description: "A stream is at `APP/STREAM.EXTENSION`", example: "flv" }),
    webSocket: z.boolean().openapi({ description: "By WebSocket too" }),
    players: z
      .object({ http: z.string(), webSocket: z.string() })
      .openapi({ description: "What plays it over either, in words for people; may be empty" }),
  })
  .openapi("Container");

/** What the API says of a container. */
export function describeContainer(format: ContainerFormat): z.infer<typeof containerSchema> {
  const { name, extensions, webSocket = false, players } = format;
  return {
    name,
    title: titleOf(format),
    extension: extensions[0]!,
    webSocket,
    players: { http: players?.http ?? "", webSocket: players?.webSocket ?? "" },
  };
}
