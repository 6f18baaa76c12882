/** The built page and the mock API on one loopback port, under the strictest policy it must bear. */

import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MockServer } from "../mock-server";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export interface Served {
  url: string;
  mock: MockServer;
  close: () => Promise<void>;
}

export async function serve(): Promise<Served> {
  const mock = new MockServer();
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/")) mock.handle(request, response);
    else void file(request.url ?? "/", response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    mock,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function file(url: string, response: ServerResponse): Promise<void> {
  const path = normalize(join(DIST, url === "/" ? "index.html" : (url.split("?")[0] ?? "")));
  try {
    if (!path.startsWith(DIST + sep)) throw new Error("outside");
    const body = await readFile(path);
    response.writeHead(200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}
