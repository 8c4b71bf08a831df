// Starts the page: reads what it is for, takes secrets out of the address, draws it.
import { render } from "preact";
import { App } from "./app";
import { brandOf, cleanAddress, readBoot } from "./boot";
import { followLocale } from "./i18n";
import { follow } from "./ui/brand";
import { followTheme } from "./ui/theme";
import "./styles/index.css";

const here = new URL(location.href);
const block = document.getElementById("boot")?.textContent ?? null;
const boot = readBoot(block, here);
follow(brandOf(block));
history.replaceState(null, "", cleanAddress(boot, here));
followLocale();
followTheme();

const root = document.getElementById("app");
if (root) render(<App boot={boot} />, root);
