// <convoke-meetings>: public meetings on any page. Everything that comes from the server is put in
// as text, in a shadow tree that the page's style does not reach.
//
//   <script src="https://SERVER/embed/meetings.js"></script>
//   <convoke-meetings lang="en" limit="5"></convoke-meetings>
"use strict";

(() => {
  const origin = new URL(document.currentScript.src).origin;
  const WORDS = {
    en: {
      join: "Join",
      host: "Host",
      none: "No public meetings are planned.",
      failed: "The meetings cannot be shown at the moment.",
      anytime: "No fixed time",
      unnamed: "Meeting",
      all: "All meetings",
    },
    zh: {
      join: "加入",
      host: "主持人",
      none: "目前没有公开会议。",
      failed: "暂时无法显示会议。",
      anytime: "时间不固定",
      unnamed: "会议",
      all: "全部会议",
    },
  };
  const STYLE = `
    :host { display: block; color-scheme: light dark; font: inherit; color: inherit; }
    ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
    li { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; padding: 14px 16px;
      border: 1px solid light-dark(#e2ddd2, #2b3438); border-radius: 12px;
      background: light-dark(#ffffff, #191f22); color: light-dark(#1a201e, #edf1ef); }
    div { flex: 1 1 220px; min-width: 0; overflow-wrap: anywhere; }
    strong { display: block; font-size: 1.05em; line-height: 1.3; }
    small { display: block; font-size: .875em; color: light-dark(#565e5a, #a9b5b2); }
    a.join { flex: none; padding: 8px 18px; border-radius: 999px; font-weight: 600;
      text-decoration: none; color: var(--on, #ffffff); background: var(--accent, #0c6b5e); }
    a:focus-visible { outline: 3px solid currentcolor; outline-offset: 2px; }
    p { margin: 0; }
    p.all { margin-top: 10px; font-size: .875em; }
    p.all a { color: inherit; }
  `;

  /** Black or white, whichever is read better on a colour. */
  const on = (colour) => {
    const part = (at) => {
      const value = parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    const light = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
    return light > 0.179 ? "#000000" : "#ffffff";
  };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  class ConvokeMeetings extends HTMLElement {
    connectedCallback() {
      if (!this.shadowRoot) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(STYLE);
        this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      }
      void this.show();
    }

    async show() {
      const lang = this.lang || document.documentElement.lang || navigator.language || "en";
      const words = lang.toLowerCase().startsWith("zh") ? WORDS.zh : WORDS.en;
      let list;
      try {
        const answer = await fetch(`${origin}/as/public/meetings.json`, { credentials: "omit" });
        if (!answer.ok) throw new Error(String(answer.status));
        list = await answer.json();
      } catch {
        this.shadowRoot.replaceChildren(element("p", words.failed));
        return;
      }
      if (/^#[0-9a-f]{6}$/.test(list.colour ?? "")) {
        this.style.setProperty("--accent", list.colour);
        this.style.setProperty("--on", on(list.colour));
      }
      if (list.meetings.length === 0) {
        this.shadowRoot.replaceChildren(element("p", words.none));
        return;
      }
      const limit = Math.max(1, Number(this.getAttribute("limit")) || 20);
      const shown = element("ul");
      for (const meeting of list.meetings.slice(0, limit)) {
        shown.append(this.row(meeting, words, lang));
      }
      const parts = [shown];
      if (list.meetings.length > limit) {
        const all = element("p", undefined, "all");
        all.append(this.link(`${origin}/as/public/meetings.html`, words.all));
        parts.push(all);
      }
      this.shadowRoot.replaceChildren(...parts);
    }

    row(meeting, words, lang) {
      const row = element("li");
      const what = element("div");
      what.append(element("strong", meeting.topic ?? words.unnamed));
      what.append(element("small", this.when(meeting, words, lang)));
      if (meeting.host) what.append(element("small", `${words.host}: ${meeting.host}`));
      row.append(what);
      // Nothing but an address of the web becomes a link.
      if (meeting.join_url?.startsWith("https://") || meeting.join_url?.startsWith("http://")) {
        const join = this.link(meeting.join_url, words.join);
        join.className = "join";
        row.append(join);
      }
      return row;
    }

    when(meeting, words, lang) {
      const date = meeting.dates[0];
      if (!date) return meeting.recurring === undefined ? "" : words.anytime;
      const main = (tag) => tag.split("-")[0];
      const locale = navigator.languages.find((tag) => main(tag) === main(lang)) ?? lang;
      const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
      const begins = new Date(date.begins);
      return date.ends ? format.formatRange(begins, new Date(date.ends)) : format.format(begins);
    }

    link(href, text) {
      const link = element("a", text);
      link.href = href;
      link.target = "_blank";
      link.rel = "noopener";
      return link;
    }
  }

  customElements.get("convoke-meetings") ??
    customElements.define("convoke-meetings", ConvokeMeetings);
})();
