// A menu button: arrow keys move, Escape and a click elsewhere close, focus returns to the button.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

/** One line of a menu; `null` draws a rule. */
export type MenuItem = {
  icon: IconName;
  label: string;
  act: () => void;
  bad?: boolean;
  keys?: string;
} | null;

type MenuProps = {
  label: string;
  items: MenuItem[];
  class: string;
  children: ComponentChildren;
};

const margin_px = 8;

/** Puts the menu beside its button where there is room; lists that scroll must not cut it off. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + margin_px + height <= innerHeight - margin_px;
  const top = below ? at.bottom + margin_px : at.top - margin_px - height;
  const left = at.right - width >= margin_px ? at.right - width : at.left;
  menu.style.top = `${Math.max(margin_px, top)}px`;
  menu.style.left = `${Math.max(margin_px, Math.min(left, innerWidth - width - margin_px))}px`;
}

/** A button that opens a menu. */
export function Menu({ label, items, class: names, children }: MenuProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  useLayoutEffect(() => {
    if (open && list.current && button.current) place(list.current, button.current);
  }, [open]);
  useEffect(() => {
    if (!open) return;
    list.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (e: PointerEvent) => {
      const at = e.target as Node;
      if (!list.current?.contains(at) && !button.current?.contains(at)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const keys = (e: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[
      e.key
    ];
    if (to !== undefined) {
      e.preventDefault();
      all[to % all.length]?.focus();
    } else if (e.key === "Escape") {
      e.preventDefault();
      e.stopPropagation();
      close(true);
    } else if (e.key === "Tab") {
      close(false);
    }
  };
  return (
    <span class="menu-wrap">
      <button
        ref={button}
        type="button"
        class={names}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <div ref={list} id={id} class="menu" role="menu" aria-label={label} onKeyDown={keys}>
          {items.map((item, i) =>
            item === null ? (
              <hr key={i} />
            ) : (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                class={item.bad ? "bad" : ""}
                onClick={() => {
                  close(true);
                  item.act();
                }}
              >
                <Icon name={item.icon} />
                {item.label}
                {item.keys && (
                  <span class="kbd" aria-hidden="true">
                    {item.keys}
                  </span>
                )}
              </button>
            ),
          )}
        </div>
      )}
    </span>
  );
}
