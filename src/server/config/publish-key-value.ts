import { z } from "zod";
import { keyForm, keyMistake, keyPattern } from "../access/publish-key.ts";

/** A publish key of the operator's own. */
export function publishKey() {
  return z
    .string()
    .regex(keyPattern, { error: ({ input }) => keyMistake(String(input)) ?? keyForm })
    .meta({ form: keyForm });
}
