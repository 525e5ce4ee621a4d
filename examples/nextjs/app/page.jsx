import { Live } from "./live.jsx";

export default function Page() {
  return (
    <main>
      <h1>Ours</h1>
      <Live stream="live/cam" />
    </main>
  );
}
