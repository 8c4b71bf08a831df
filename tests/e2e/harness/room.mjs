// People in meetings: how they come in, what they press, what their page knows.
import { until } from "./wait.mjs";

/** Signs in on the start page, starts a meeting there and enters it as its host. */
export async function host(page, server, { topic = "Weekly", password = null, video } = {}) {
  await signIn(page, server);
  await page.getByLabel("Topic").fill(topic);
  if (video) await page.getByRole("radio", { name: /Video conference/ }).check();
  const guarded = page.getByRole("switch", { name: /password/i });
  if (password === null) await guarded.uncheck();
  else await page.getByLabel("Meeting password").first().fill(password);
  await page.getByRole("button", { name: "Start now" }).click();
  await page.waitForURL(/\/m\/\d{8}/);
  const id = /\/m\/(\d{8})/.exec(page.url())[1];
  await enter(page, "Start the meeting");
  return id;
}

/** Signs in under "Host a meeting". */
export async function signIn(page, server) {
  await page.goto(server.url);
  const form = page.getByRole("region", { name: "Host a meeting" });
  await form.getByLabel("E-mail").fill(server.email);
  await form.getByLabel("Password", { exact: true }).fill(server.password);
  await form.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Start a meeting" }).waitFor();
}

/** The address that an existing integration makes for an attendee: nothing in it is encoded. */
export function legacyUrl(base, { id, name, password }) {
  const shown = `${id.slice(0, 4)}-${id.slice(4)}`;
  const who = `role=attendee&name=${name}&meeting_id=${shown}&password=${password ?? ""}`;
  return `${base}/as/wapi/goto_downloader?${who}&sumbit=submit`;
}

/** Comes in by the legacy address, through the preview. */
export async function joinByLegacyUrl(page, base, who) {
  await page.goto(legacyUrl(base, who));
  await enter(page, "Join now");
}

/** Passes the preview and waits until the page follows the meeting. */
export async function enter(page, button) {
  await page.getByRole("button", { name: button }).click();
  await inMeeting(page);
}

/** Waits until the page follows the meeting. */
export async function inMeeting(page) {
  await page.getByRole("toolbar", { name: "Meeting controls" }).waitFor();
  await until("the page follows the facts", async () => (await known(page))?.seq > 0);
}

/** Presses one of the meeting's controls. */
export async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).first().click();
}

/** Opens the list of people unless it is open. */
export async function openPeople(page) {
  const list = page.getByRole("complementary", { name: "People" });
  if (!(await list.isVisible())) {
    await page.getByRole("button", { name: /^People( \(|$)/ }).first().click();
  }
  await list.waitFor();
  return list;
}

/** Does something to a person by the menu beside the name. */
export async function act(page, name, what) {
  await openPeople(page);
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: what, exact: true }).click();
}

/** What a page knows of somebody's screen, camera or microphone; nothing when there is none. */
export async function track(page, { owner, kind }) {
  const { people, tracks } = await known(page);
  const who = people.find((person) => person.name === owner)?.id;
  return tracks.find((one) => one.owner === who && one.kind === kind);
}

/** Ends the meeting for everyone, as its host. */
export async function end(page) {
  await press(page, "Leave / End");
  await page.getByRole("button", { name: "End for everyone" }).click();
  await page.getByRole("heading", { name: "The meeting has ended" }).waitFor();
}

/** Opens the chat unless it is open. */
export async function openChat(page) {
  const line = page.getByPlaceholder("Write a message");
  // With unread messages their number is part of the name.
  const control = page.getByRole("button", { name: /^Chat( \(|$)/ }).first();
  if (!(await line.isVisible())) await control.click();
  await line.waitFor();
  return line;
}

/** Writes one chat message to everyone. */
export async function say(page, text) {
  const line = await openChat(page);
  await line.fill(text);
  await line.press("Enter");
}

/** What the page knows about the meeting: everything that `window.__convoke` shows, as data. */
export function known(page) {
  return page.evaluate(() => {
    const state = window.__convoke;
    if (!state) return null;
    return JSON.parse(JSON.stringify(state, (_, v) => (typeof v === "bigint" ? Number(v) : v)));
  });
}

/** The texts of the chat, in the order in which the page has them. */
export async function chatOf(page) {
  return ((await known(page))?.chat ?? []).map((message) => message.text);
}
