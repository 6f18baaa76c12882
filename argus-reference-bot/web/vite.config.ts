import { defineConfig, type Plugin } from "vite";
import type {} from "vitest/config";
import { MockServer } from "./test/mock-server";

/** Answers `/api/*` from the mock, so that the page can be worked on without the bot. */
function mockApi(): Plugin {
  return {
    name: "argus-mock-api",
    apply: (_config, env) => env.command === "serve" && env.mode === "mock",
    configureServer(server) {
      const mock = new MockServer();
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith("/api/")) mock.handle(request, response);
        else next();
      });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [mockApi()],
  server: { host: "127.0.0.1" },
  build: {
    target: "es2022",
    // A `data:` URL in the bundle would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: "index.html", preview: "preview.html" } },
    // The renderer is one piece of about 110 kB gzip; it cannot be split usefully.
    chunkSizeWarningLimit: 900,
  },
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
