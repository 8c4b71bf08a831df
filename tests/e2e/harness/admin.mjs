// An administrator who calls the interface as a program does.
import { randomBytes } from "node:crypto";

import { CONVOKE, run } from "./server.mjs";

export class Admin {
  /** Makes an administrator on a running server, and signs in. */
  static async of(server) {
    const admin = new Admin();
    admin.server = server;
    admin.email = `admin-${randomBytes(4).toString("hex")}@example.com`;
    admin.password = randomBytes(18).toString("base64url");
    const words = ["account", "add", admin.email, "--administrator", "--password-stdin"];
    const added = await run(CONVOKE, [...words, "--data", server.data], `${admin.password}\n`);
    if (added.code !== 0) throw new Error(`account add: ${added.stderr}${added.stdout}`);
    await admin.signIn();
    return admin;
  }

  get origin() {
    return `http://127.0.0.1:${this.server.port}`;
  }

  get headers() {
    return { Origin: this.origin, Cookie: this.cookie };
  }

  async signIn() {
    const account = { email: this.email, password: this.password };
    const origin = { Origin: this.origin };
    const signed = await this.server.call("POST", "/api/v1/sign-in", account, origin);
    if (signed.status !== 200) throw new Error(`sign-in: ${signed.status} ${signed.text}`);
    this.cookie = signed.headers.get("set-cookie").split(";")[0];
  }

  call(method, path, body) {
    return this.server.call(method, path, body, this.headers);
  }

  /** A call that must go well; gives the body. */
  async ok(method, path, body) {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  /** Every event from a cursor on, page by page. */
  async events(after, more = "") {
    const events = [];
    for (;;) {
      const path = `/api/v1/events?after=${after}&limit=1000${more}`;
      const page = await this.ok("GET", path);
      events.push(...page.events);
      after = page.cursor;
      if (!page.more) return { events, cursor: after };
    }
  }

  /** Makes a meeting and opens it; gives its id. */
  async meeting(topic = "Told") {
    const made = await this.ok("POST", "/api/v1/meetings", { type: 0, topic, password: null });
    const id = String(made.id).replace(/\D/g, "");
    await this.ok("POST", `/api/v1/meetings/${id}/host`, {});
    return id;
  }
}
