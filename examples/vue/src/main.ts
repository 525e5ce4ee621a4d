import { createApp } from "vue";
import App from "./App.vue";

createApp(App, { stream: "live/cam" }).mount("#app");
