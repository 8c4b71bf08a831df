// Chooses the page.
import type { JSX } from "preact";
import { lazy, Suspense } from "preact/compat";
import type { Boot } from "./boot";
import { AccountPage } from "./account/page";
import { Home } from "./pages/home";
import { Join } from "./pages/join";
import { canMeet, Missing } from "./pages/missing";
import { Reset } from "./pages/reset";
import { Setup } from "./pages/setup";

// The meeting is the larger half of the client; who only signs in does not wait for it.
const Room = lazy(() => import("./meeting/room"));
// Few people ever see it.
const Console = lazy(() => import("./console/console"));
// Swagger UI weighs more than everything else together.
const Docs = lazy(() => import("./docs/docs"));

/** The page that the boot facts ask for. */
export function App({ boot }: { boot: Boot }): JSX.Element {
  switch (boot.page) {
    case "home":
      // The legacy call of a host who has to type the password.
      if (boot.askPassword) return <Join boot={{ ...boot, role: "host" }} />;
      return <Home boot={boot} />;
    case "setup":
      return <Setup boot={boot} />;
    case "account":
      return <AccountPage />;
    case "console":
      return (
        <Suspense fallback={null}>
          <Console />
        </Suspense>
      );
    case "docs":
      return (
        <Suspense fallback={null}>
          <Docs />
        </Suspense>
      );
    case "reset":
      return <Reset boot={boot} />;
    case "join":
      return <Join boot={boot} />;
    case "meeting":
    case "viewer":
      if (!canMeet()) return <Missing />;
      return (
        <Suspense fallback={null}>
          <Room boot={boot} />
        </Suspense>
      );
  }
}
