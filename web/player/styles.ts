/** The player's style sheet. Pages change it by the custom properties at its head and by `::part()`. */
export const styles = `
:host {
  --accent: var(--millrace-accent, #e5383b);
  --ground: var(--millrace-background, light-dark(#eceef1, #14161a));
  --ink: var(--millrace-text, light-dark(#1c2026, #f1f3f6));
  display: block;
  position: relative;
  aspect-ratio: 16 / 9;
  overflow: hidden;
  color-scheme: light dark;
  font: 400 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-tap-highlight-color: transparent;
  outline: none;
  container-type: inline-size;
}
:host([hidden]) { display: none; }
:host(:fullscreen) { aspect-ratio: auto; width: 100%; height: 100%; border-radius: 0; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.root {
  --faint: color-mix(in srgb, var(--ink) 70%, transparent);
  position: absolute; inset: 0; background: var(--ground); color: var(--ink); border-radius: inherit; overflow: hidden;
}
.root.picture { background: #000; --ink: #f6f7f9; --faint: rgb(246 247 249 / 0.82); }
:host(:focus-visible) .root::after {
  content: ""; position: absolute; inset: 0; border: 3px solid #4c9ffe; border-radius: inherit; pointer-events: none;
}
video, .canvas, .still, .poster { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.poster { background: center / contain no-repeat; }
.root.still-hidden .poster { visibility: hidden; }
.root.idle { cursor: none; }

.message {
  position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 6px;
  padding: 20px 24px 28px; text-align: center; pointer-events: none;
}
.root.picture .message { background: rgb(10 12 16 / 0.62); }
.title { margin: 0; font-size: clamp(16px, 4.2cqi, 21px); font-weight: 600; letter-spacing: -0.01em; text-wrap: balance; }
.hint { margin: 0; max-width: 44ch; color: var(--faint); font-size: clamp(13px, 3.4cqi, 15px); text-wrap: pretty; }
.hint:empty { display: none; }
.spinner {
  width: 34px; height: 34px; margin-bottom: 8px; border-radius: 50%;
  border: 3px solid color-mix(in srgb, var(--ink) 18%, transparent); border-top-color: var(--ink);
  animation: turn 900ms linear infinite;
}
.listening { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 6px; padding-bottom: 24px; color: var(--faint); font-size: 14px; }
.listening svg { width: 44px; height: 44px; opacity: 0.8; }
.buffering {
  position: absolute; left: 50%; top: 50%; margin: -20px 0 0 -20px; width: 40px; height: 40px; border-radius: 50%;
  border: 3px solid rgb(255 255 255 / 0.25); border-top-color: #fff; animation: turn 900ms linear infinite;
  filter: drop-shadow(0 1px 3px rgb(0 0 0 / 0.5));
}
@keyframes turn { to { transform: rotate(1turn); } }

button { font: inherit; color: inherit; border: 0; background: none; padding: 0; cursor: pointer; touch-action: manipulation; }
button:focus-visible, input:focus-visible { outline: 3px solid #4c9ffe; outline-offset: 1px; }
svg { display: block; width: 24px; height: 24px; fill: currentColor; }
.action {
  pointer-events: auto;
  margin-top: 12px; min-height: 40px; padding: 8px 18px; border-radius: 999px; font-weight: 600;
  background: var(--ink); color: var(--ground);
}
.root.picture .action { color: #14161a; }
.action:hover { opacity: 0.88; }
.start {
  position: absolute; left: 50%; top: 50%; width: 76px; height: 76px; margin: -38px 0 0 -38px; border-radius: 50%;
  display: grid; place-items: center; background: rgb(15 18 23 / 0.74); color: #fff; backdrop-filter: blur(6px);
  transition: transform 120ms ease, background 120ms ease;
}
.start:hover { transform: scale(1.05); background: rgb(15 18 23 / 0.9); }
.root:not(.picture) .start { background: var(--ink); color: var(--ground); }
.start svg { width: 36px; height: 36px; }
.unmute {
  position: absolute; left: 50%; top: 16px; transform: translateX(-50%); display: flex; align-items: center; gap: 8px; white-space: nowrap;
  min-height: 44px; padding: 8px 18px 8px 14px; border-radius: 999px; font-weight: 600;
  background: rgb(255 255 255 / 0.94); color: #14161a; box-shadow: 0 2px 14px rgb(0 0 0 / 0.3);
}
.unmute:hover { background: #fff; }
.notice {
  position: absolute; left: 12px; top: 12px; max-width: min(46ch, calc(100% - 24px)); margin: 0; padding: 7px 12px; border-radius: 9px;
  font-size: 13px; background: rgb(15 18 23 / 0.74); color: #fff; backdrop-filter: blur(6px);
}
.root.asks-unmute .notice { top: 70px; }

.bar {
  position: absolute; left: 0; right: 0; bottom: 0; display: flex; align-items: center; gap: 2px;
  padding: 34px 10px 8px; color: #fff; background: linear-gradient(to top, rgb(0 0 0 / 0.66), transparent);
  transition: opacity 200ms ease; 
}
.root:not(.picture) .bar, .root.says .bar { color: var(--ink); background: none; }
.root.says .bar { padding-top: 0; pointer-events: none; z-index: 1; }
.root.says .tool, .root.says .live { pointer-events: auto; }
.root.idle .bar { opacity: 0; pointer-events: none; }
.bar .tool { width: 44px; height: 44px; display: grid; place-items: center; border-radius: 10px; flex: none; }
.bar .tool:hover { background: color-mix(in srgb, currentColor 16%, transparent); }
.live { display: flex; align-items: center; gap: 7px; height: 32px; margin: 0 6px; padding: 0 10px; border-radius: 8px; font-size: 12.5px; font-weight: 700; letter-spacing: 0.06em; }
.live:hover { background: color-mix(in srgb, currentColor 16%, transparent); }
.live::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentColor; opacity: 0.55; }
.root.at-live .live::before { background: var(--accent); opacity: 1; box-shadow: 0 0 0 3px color-mix(in srgb, var(--accent) 30%, transparent); }
.behind { font-variant-numeric: tabular-nums; font-weight: 600; letter-spacing: 0; }
.behind:empty { display: none; }
.root.has-past .bar { flex-wrap: wrap; }
.seek {
  appearance: none; flex: 1 0 100%; width: 100%; height: 28px; margin: 0; padding: 0 4px; background: none; color: inherit; cursor: pointer;
  touch-action: none; border-radius: 8px;
  --line: linear-gradient(to right, var(--accent) var(--at), color-mix(in srgb, currentColor 38%, transparent) var(--at));
}
.seek::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: var(--line); }
.seek::-moz-range-track { height: 4px; border-radius: 2px; background: var(--line); }
.seek::-webkit-slider-thumb {
  appearance: none; width: 16px; height: 16px; margin-top: -6px; border: 0; border-radius: 50%; background: currentColor; box-shadow: 0 0 3px rgb(0 0 0 / 0.5);
}
.seek::-moz-range-thumb { width: 16px; height: 16px; border: 0; border-radius: 50%; background: currentColor; box-shadow: 0 0 3px rgb(0 0 0 / 0.5); }
.space { flex: 1; }
.volume { width: 84px; height: 24px; margin: 0 8px 0 0; accent-color: var(--ink); cursor: pointer; flex: none; }
@container (max-width: 430px) { .volume { display: none; } }
@media (hover: none) { .volume { display: none; } }
.status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) {
  .spinner, .buffering { animation-duration: 3s; }
  * { transition: none !important; }
}
@media (forced-colors: active) { .seek { appearance: auto; } }
@media (forced-colors: active) { .bar, .unmute, .start, .action { border: 1px solid; } }
`;
