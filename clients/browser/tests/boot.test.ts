// What a document is for, and that no secret stays in its address.
import { describe, expect, it } from "vitest";
import { cleanAddress, readBoot } from "../src/boot";
import { formatTyped, parseMeetingId, showMeetingId } from "../src/model/id";
import { drawPassword } from "../src/pages/password";
import { bestGrid } from "../src/meeting/layout";
import { browserName } from "../src/account/browser_name";
import { initials } from "../src/ui/controls";

const at = (path: string): URL => new URL(path, "https://meet.example.org");
const boot = (path: string, block: unknown = null) =>
  readBoot(block === null ? null : JSON.stringify(block), at(path));

describe("the boot facts", () => {
  it("come from the address when there is no block", () => {
    expect(boot("/").page).toBe("home");
    expect(boot("/join?id=8813-7455")).toMatchObject({ page: "join", id: "88137455" });
    expect(boot("/m/88137455#t=secret")).toMatchObject({
      page: "meeting",
      id: "88137455",
      ticket: "secret",
    });
    expect(boot("/setup#t=once")).toMatchObject({ page: "setup", setupToken: "once" });
    expect(boot("/setup#once").setupToken).toBe("once");
    expect(boot("/reset#7.abc_-").resetToken).toBe("7.abc_-");
    expect(boot("/reset#main").resetToken).toBe(undefined);
    expect(boot("/reset")).toEqual({ page: "reset", mail: false });
    expect(boot("/reset", { page: "reset", mail: true }).mail).toBe(true);
    expect(boot("/account").page).toBe("account");
  });

  it("come from the block first", () => {
    const meeting = { id: 88137455, topic: "Weekly", type: 4 };
    expect(
      boot("/as/wapi/goto_downloader?x=1", {
        page: "join",
        ticket: "abc",
        meeting,
        name: "Ann",
        role: "host",
      }),
    ).toMatchObject({
      page: "join",
      ticket: "abc",
      meeting: { id: "88137455", topic: "Weekly", type: 4 },
      name: "Ann",
      role: "host",
    });
    const refusal = { code: "cannot_join", sentence: "No." };
    expect(boot("/id=1", { page: "viewer", refusal, id: "8813-7455" })).toMatchObject({
      page: "join",
      viewer: true,
      refusal,
    });
    expect(boot("/x", { page: "join", ticket: "t", role: "viewer", meeting }).page).toBe("viewer");
    expect(
      boot("/x", { page: "join", role: "host", email: "a@b.c", ask_password: true }),
    ).toMatchObject({ email: "a@b.c", askPassword: true });
  });

  it("come from the fragment after a legacy call by plain HTTP", () => {
    const page = (kind: string) => ({ page: kind });
    const viewer = "/m/88137455#t=abc&v=1&role=viewer&n=Vera%20Wu&i=inv";
    expect(boot(viewer, page("meeting"))).toMatchObject({
      page: "viewer",
      ticket: "abc",
      viewer: true,
      name: "Vera Wu",
      invitation: "inv",
    });
    const refused = boot("/join?id=88137455#v=1&role=viewer&n=Vera&r=cannot_join", page("join"));
    expect(refused).toMatchObject({
      page: "join",
      viewer: true,
      name: "Vera",
      refusal: { code: "cannot_join" },
    });
    expect(boot("/join?id=88137455#i=inv", page("join")).invitation).toBe("inv");
    expect(boot("/#role=host&e=a%40b.c&ask=1&r=sign_in_failed", page("home"))).toMatchObject({
      role: "host",
      email: "a@b.c",
      askPassword: true,
      refusal: { code: "sign_in_failed" },
    });
    const host = boot("/join#p=once&role=host&e=a%40b.c", page("join"));
    expect(host).toMatchObject({ pending: "once", role: "host" });
    expect(boot("/as/wapi/goto_downloader", { page: "join", pending: "p" }).pending).toBe("p");
    for (const path of [viewer, "/join#p=once&role=host", "/#ask=1&e=a%40b.c"])
      expect(cleanAddress(boot(path), at(path))).not.toMatch(/abc|inv|once|Vera|b\.c/);
  });

  it("survive a broken block", () => {
    expect(readBoot("{", at("/join")).page).toBe("join");
    expect(readBoot("[1]", at("/")).page).toBe("home");
  });

  it("leave no secret in the address", () => {
    for (const path of [
      "/m/88137455#t=secret",
      "/join?id=88137455&name=Ann&password=secret",
      "/id=88137455&name=Ann&password=secret",
      "/setup#t=secret",
    ]) {
      const clean = cleanAddress(boot(path), at(path));
      expect(clean).not.toContain("secret");
      expect(clean).not.toContain("Ann");
    }
    expect(cleanAddress(boot("/m/88137455#t=x"), at("/"))).toBe("/m/88137455");
  });
});

describe("meeting ids", () => {
  it("are read as people write them", () => {
    for (const text of [
      "88137455",
      "8813-7455",
      " 8813 7455 ",
      "８８１３－７４５５".replace("－", "-"),
    ])
      expect(parseMeetingId(text), text).toBe("88137455");
    for (const text of ["", "8813745", "881374555", "08137455", "8813745a"])
      expect(parseMeetingId(text), text).toBeNull();
  });

  it("are shown in two groups, also while they are typed", () => {
    expect(showMeetingId("88137455")).toBe("8813-7455");
    expect(["8", "8813", "88137", "8813-74551"].map(formatTyped)).toEqual([
      "8",
      "8813",
      "8813-7",
      "8813-7455",
    ]);
  });
});

describe("small things", () => {
  it("draw passwords of eight plain characters, never the same", () => {
    const drawn = Array.from({ length: 200 }, drawPassword);
    for (const password of drawn) expect(password).toMatch(/^[a-z2-9]{8}$/);
    expect(new Set(drawn).size).toBe(200);
  });

  it("shorten names", () => {
    expect([
      initials("Ann Lee"),
      initials("ann"),
      initials("陈小琪"),
      initials("  "),
      initials("J. R. R. Tolkien"),
    ]).toEqual(["AL", "A", "小琪", "?", "JT"]);
  });

  it("fill a space with tiles and never leave it", () => {
    for (let count = 1; count <= 30; count++) {
      const { columns, tile } = bestGrid(count, 1000, 600, 12);
      const rows = Math.ceil(count / columns);
      expect(columns * tile + (columns - 1) * 12).toBeLessThanOrEqual(1000);
      expect((rows * tile * 9) / 16 + (rows - 1) * 12).toBeLessThanOrEqual(601);
      expect(tile).toBeGreaterThan(100);
    }
    expect(bestGrid(4, 1000, 600, 12).columns).toBe(2);
  });
});

describe("a browser's name", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  it.each([
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0 Safari/537.36`,
      "Chrome · Windows",
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/141.0 Safari/537.36 Edg/141.0`,
      "Edge · Windows",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox · Linux"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
      "Safari · iPhone",
    ],
    [
      `Mozilla/5.0 (Linux; Android 15; Pixel 9) ${webkit} Chrome/141.0 Mobile Safari/537.36`,
      "Chrome · Android",
    ],
    ["curl/8.5.0", "curl"],
    ["", ""],
  ])("of %j is %s", (agent, expected) => expect(browserName(agent)).toBe(expected));
});
