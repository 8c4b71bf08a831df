// Requests as real callers send them: raw spaces and raw bytes in the first line, which no HTTP
// library would send.
import { connect } from "node:net";

/** Sends these bytes and gives status, headers and body of the answer. */
export function raw(port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const parts = [];
    socket.on("data", (part) => parts.push(part));
    socket.on("error", reject);
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
    socket.on("close", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const [head, ...body] = text.split("\r\n\r\n");
      const status = Number(head.split(" ")[1]);
      resolve({ status, head: head.toLowerCase(), body: body.join("\r\n\r\n") });
    });
  });
}

/** A GET of a target given as text or bytes. */
export function rawGet(port, target) {
  const end = ` HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`;
  return raw(port, Buffer.concat([Buffer.from("GET "), Buffer.from(target), Buffer.from(end)]));
}

/** A form POST with a body given as text or bytes. */
export function rawPost(port, path, body) {
  const bytes = Buffer.from(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    "Connection: close",
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${bytes.length}`,
  ];
  return raw(port, Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]));
}

/** The facts that a page was given to start from. */
export function boot(page) {
  const block = /<script[^>]*id="boot"[^>]*>([^<]*)<\/script>/.exec(page.body);
  if (!block) throw new Error(`no boot block (status ${page.status}): ${page.body.slice(0, 300)}`);
  return JSON.parse(block[1]);
}
