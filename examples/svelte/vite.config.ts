import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Millrace beside Vite (`npx millrace`), or where MILLRACE says. Pages ask for its streams below /media, by HTTP and WebSocket.
const target = process.env["MILLRACE"] ?? "http://127.0.0.1:8080";
const proxy = { "/media": { target, ws: true, rewrite: (path: string) => path.slice("/media".length) } };

export default defineConfig({ plugins: [svelte()], server: { proxy }, preview: { proxy } });
