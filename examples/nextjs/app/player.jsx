"use client";

import "millrace/player/react";
import { useState } from "react";

/** A stream, and what the player says of it. */
export default function Player({ stream }) {
  const [state, setState] = useState("idle");
  return (
    <>
      <millrace-player src={`/media/${stream}`} autoplay controls muted onstatechange={(event) => setState(event.detail.state)} />
      <p>
        The stream is <output>{state}</output>.
      </p>
    </>
  );
}
