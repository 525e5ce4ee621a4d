import type { Generation } from "../media/track.ts";
import type { Container } from "./container-output.ts";
import type { Framing } from "./framing.ts";
import type { Playhead, PlayheadSink } from "./playhead.ts";

/** A stream that a viewer may start to watch, live or from a place in its past. It is played once, or closed. */
export interface Viewing {
  /** The stream's identity. */
  readonly name: string;
  /** The tracks in force where the viewer starts. */
  readonly generation: Generation;
  /**
   * Starts the viewer; its first bytes are given to the sink in a later turn.
   *
   * @throws {Refusal} `not-carried`, where the container has no use for these tracks; `not-live`
   */
  play(container: Container, framing: Framing, sink: PlayheadSink): Playhead;
  /** Nobody will play it. Changes nothing once somebody does. */
  close(): void;
}
