import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Millrace beside Vite (`npx millrace`), or where MILLRACE says. Pages ask for its streams below /media, by HTTP and WebSocket.
const target = process.env["MILLRACE"] ?? "http://127.0.0.1:8080";
const proxy = { "/media": { target, ws: true, rewrite: (path: string) => path.slice("/media".length) } };

// The player is an element of the browser's, not a component of Vue's.
const isCustomElement = (tag: string): boolean => tag === "millrace-player";

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement } } })],
  server: { proxy },
  preview: { proxy },
});
