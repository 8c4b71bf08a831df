// A receiver of Convoke's webhooks in thirty lines: checks the signature, keeps each event once.
//   npm install standardwebhooks
//   WEBHOOK_SECRET=whsec_... PORT=8080 node receiver.mjs
import { createServer } from "node:http";

import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set(); // A table with a unique column, in earnest.

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    let event;
    try {
      event = webhook.verify(Buffer.concat(pieces), request.headers);
    } catch {
      response.writeHead(401).end();
      return;
    }
    // The same event may come twice, under the same name; it is taken both times and kept once.
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(event.type, event.id, JSON.stringify(event.data));
    }
    response.writeHead(204).end();
  });
});
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log("ready"));
