import { type MillracePlayer, PlayerState } from "millrace/player/react";
import { useRef, useState } from "react";

/** A stream with its state, its latency and a button of the page's own. */
export function App({ stream }: { readonly stream: string }) {
  const player = useRef<MillracePlayer>(null);
  const [state, setState] = useState<PlayerState>(PlayerState.idle);
  const [latency, setLatency] = useState<number>();
  const [muted, setMuted] = useState(true);
  return (
    <main>
      <millrace-player
        ref={player}
        src={`/media/${stream}`}
        autoplay
        controls
        muted={muted}
        latency={0.5}
        getToken={() => sessionStorage.getItem("key") ?? ""}
        onstatechange={(event) => setState(event.detail.state)}
        onstats={({ detail }) => setLatency(detail.latency ?? undefined)}
        onvolumechange={({ detail }) => setMuted(detail.muted)}
      />
      <p>
        <output>{state}</output>
        {latency !== undefined && `, ${latency.toFixed(1)} s behind the camera`}
      </p>
      <button onClick={() => player.current?.jumpToLive()}>To live</button>
      <button onClick={() => setMuted(!muted)}>{muted ? "Sound on" : "Sound off"}</button>
    </main>
  );
}
