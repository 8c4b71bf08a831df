// A receiver of webhooks that does what it is told: takes, refuses, is slow, is away.
import { createServer } from "node:http";

import { freePort } from "./server.mjs";
import { until } from "./wait.mjs";

export class Sink {
  /** Reserves a port; nobody listens on it until `up`. */
  static async reserve() {
    const sink = new Sink();
    sink.port = await freePort();
    /** Every call, in order: headers, text of the body, the body. */
    sink.calls = [];
    /** What is answered: gives a status, or null when it answers by itself. */
    sink.answer = () => 204;
    return sink;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  async up() {
    this.server = createServer((request, response) => {
      const pieces = [];
      request.on("data", (piece) => pieces.push(piece));
      request.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        const call = { path: request.url, headers: request.headers, text, body: JSON.parse(text) };
        this.calls.push(call);
        const status = this.answer(call, response);
        if (status !== null) response.writeHead(status).end();
      });
    });
    await new Promise((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
  }

  async down() {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
    this.server = null;
  }

  /** Names of the events of all calls, in order. */
  get ids() {
    return this.calls.map((call) => call.headers["webhook-id"]);
  }

  async has(what, found) {
    await until(what, () => this.calls.some(found));
    return this.calls.find(found);
  }
}
