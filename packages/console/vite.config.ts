import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { mockApi } from "./dev/mock.ts";

// `npm run dev` serves the sample answers of dev/; the built console talks to the server that serves it.
export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  plugins: [react(), ...(command === "serve" ? [mockApi()] : [])],
  build: {
    target: "es2023",
    outDir: "dist",
    emptyOutDir: true,
    // Nothing inlined as data: URL, so that the content security policy can stay closed.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: "tanstack", test: /node_modules[\\/]@tanstack[\\/]/ },
          ],
        },
      },
    },
  },
}));
