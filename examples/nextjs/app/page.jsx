export default function Page() {
  return (
    <main>
      <h1>Ours</h1>
      <iframe src="/media/embed/live/cam" allow="autoplay; fullscreen" width="640" height="360" />
    </main>
  );
}
