// Which page of the console is shown: the address says so, and back and forward work.
import { signal } from "@preact/signals";

const root = "/console";

function read(): string {
  const [page = ""] = location.pathname.slice(root.length + 1).split("/");
  return page || "overview";
}

/** The page that is shown. */
export const page = signal(read());

addEventListener("popstate", () => {
  page.value = read();
});

/** The address of a page. */
export const addressOf = (name: string): string => (name === "overview" ? root : `${root}/${name}`);

/** Goes to a page. */
export function go(name: string): void {
  if (name !== page.value) history.pushState(null, "", addressOf(name));
  page.value = name;
}
