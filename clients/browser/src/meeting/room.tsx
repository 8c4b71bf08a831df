// The meeting page.
import type { JSX } from "preact";
import type { Boot } from "../boot";

export default function Room({ boot }: { boot: Boot }): JSX.Element {
  return <p>{boot.id}</p>;
}
