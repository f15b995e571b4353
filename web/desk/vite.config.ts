import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The hub's content security policy allows nothing inline, data URLs included.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
