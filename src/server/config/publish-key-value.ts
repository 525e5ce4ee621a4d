import { z } from "zod";
import { keyForm, keyMistake } from "../access/publish-key.ts";

/** A publish key of the operator's own. */
export function publishKey() {
  return z
    .string()
    .superRefine((text, context) => {
      const message = keyMistake(text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .meta({ form: keyForm });
}
