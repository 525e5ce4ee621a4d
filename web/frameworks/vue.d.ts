/** `millrace/player/vue`: the player, and `<millrace-player>` in the templates of Vue 3. */
import type { EmitFn, HTMLAttributes, PublicProps } from "vue";
import type { MillracePlayer, MillracePlayerEventMap, MillracePlayerProperties } from "../player/index.ts";

export * from "../player/index.ts";

/** The element as templates see it: what it takes (`$props`) and what it tells (`$emit`, `@statechange`). A `ref` is a `MillracePlayer`. */
export type MillracePlayerComponent = new () => MillracePlayer & {
  // Vue's own names for events that the player has too would win over the player's.
  readonly $props: Omit<HTMLAttributes, `on${Capitalize<keyof MillracePlayerEventMap>}`> & PublicProps & MillracePlayerProperties;
  readonly $emit: EmitFn<{ [Type in keyof MillracePlayerEventMap]: (event: MillracePlayerEventMap[Type]) => void }>;
};

declare module "vue" {
  interface GlobalComponents {
    "millrace-player": MillracePlayerComponent;
  }
}
