/**
 * The look. Measures are in em of the reader's own text size, sides are start and end, so that large text and
 * right-to-left need nothing more. It goes in as constructed style sheets, which no content security policy stops.
 */

import { h } from "./dom.ts";

/** What the launcher needs. */
export const FIRST = `
:host { all: initial; font-size: medium; color-scheme: light }
.root {
  --surface: #fff; --text: #161b26; --soft: #475060; --muted: #5d6778; --line: #e3e7ed; --edge: #7d8696;
  --bubble: #f0f2f6; --bad: #aa211a; --ring: #2f55d4; --shadow: 0 12px 40px rgb(20 24 34 / .22);
  font: 400 .9375em/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif;
  color: var(--text); text-align: start; -webkit-text-size-adjust: 100%;
}
.dark {
  color-scheme: dark;
  --surface: #1e2128; --text: #e9ecf1; --soft: #b6beca; --muted: #97a0af; --line: #2c313a; --edge: #727c8d;
  --bubble: #2a2e37; --bad: #ff9e96; --ring: #8fa9ff; --shadow: 0 12px 40px rgb(0 0 0 / .6);
}
*, ::before, ::after { box-sizing: border-box }
[hidden] { display: none !important }
button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; margin: 0 }
button { border: 0; background: none; cursor: pointer; padding: 0; touch-action: manipulation }
button:disabled { cursor: default; opacity: .55 }
:focus-visible { outline: 2px solid var(--ring); outline-offset: 2px }
svg { inline-size: 1.35em; block-size: 1.35em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; display: block }

.launcher {
  position: fixed; z-index: 2147483000; inset-block-end: calc(var(--offset, 24px) + env(safe-area-inset-bottom, 0px)); inset-inline-end: 24px;
  inline-size: 56px; block-size: 56px; border-radius: 50%; background: var(--fill); color: var(--on-fill);
  display: grid; place-items: center; box-shadow: 0 4px 16px rgb(20 24 34 / .3); border: 1px solid rgb(128 128 128 / .35);
}
.start .launcher { inset-inline: 24px auto }
.launcher:focus-visible { outline-width: 3px; outline-offset: 3px }
.launcher svg { inline-size: 26px; block-size: 26px }
.badge {
  position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px; block-size: 22px; padding-inline: 5px;
  border-radius: 11px; background: #c42b23; color: #fff; border: 2px solid var(--surface); font-size: 12px; font-weight: 600; line-height: 18px; text-align: center;
}
@media (forced-colors: active) { .launcher { border: 1px solid; forced-color-adjust: auto } }
@media print { .root { display: none } }
`;

/** What the panel and the invitations need besides. */
export const REST = `
h2, h3, p, ul, ol, fieldset { margin: 0; padding: 0; border: 0; min-width: 0 }
ul, ol { list-style: none }
h2 { font-size: 1.125em; line-height: 1.3; font-weight: 600 }
a { color: var(--accent); overflow-wrap: anywhere }
.note { color: var(--muted); font-size: .8125em }
.bad { color: var(--bad); font-size: .8125em }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.invite {
  position: fixed; z-index: 2147483000; inset-block-end: calc(var(--offset, 24px) + 68px); inset-inline-end: 24px;
  inline-size: min(18.5em, calc(100vw - 48px)); background: var(--surface); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow);
  padding: .5em .5em .75em .9em; display: grid; gap: .5em; justify-items: start; animation: rise .16s ease-out;
}
.invite p { flex: 1; padding-block: .4em; overflow-wrap: anywhere }
.invite .row { inline-size: 100%; align-items: flex-start }
.start .invite { inset-inline: 24px auto }
.panel {
  position: fixed; z-index: 2147483001; inset-block-end: calc(var(--offset, 24px) + 68px); inset-inline-end: 24px;
  inline-size: min(376px, calc(100vw - 48px)); block-size: min(612px, calc(100vh - 116px));
  background: var(--surface); border-radius: 14px; box-shadow: var(--shadow); display: flex; flex-direction: column; overflow: hidden;
  animation: rise .16s ease-out;
}
.start .panel { inset-inline: 24px auto }
@keyframes rise { from { opacity: 0; transform: translateY(8px) } }
.head { background: var(--fill); color: var(--on-fill); padding: .875em 1em; display: flex; align-items: center; gap: .75em; flex: none }
.head .who { flex: 1; min-inline-size: 0 }
.head h2 { font-size: 1em }
.head h2, .head p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.head p { font-size: .8125em }
.head :focus-visible { outline-color: var(--on-fill) }
.face { inline-size: 2.4em; block-size: 2.4em; border-radius: 50%; overflow: hidden; flex: none; display: grid; place-items: center; background: #dce6fb; color: #27479b; font-weight: 600; font-size: .9em }
.face canvas { inline-size: 100%; block-size: 100% }
.face.small { font-size: .6em }
.icon { inline-size: 2.25em; block-size: 2.25em; min-inline-size: 24px; min-block-size: 24px; border-radius: 8px; display: grid; place-items: center; flex: none }
.icon:hover { background: rgb(128 128 128 / .18) }
.content { flex: 1; min-block-size: 0; display: flex; flex-direction: column }
.body { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; display: flex; flex-direction: column; scrollbar-width: thin }
.strip { flex: none; padding: .5em 1em; background: var(--bubble); color: var(--soft); font-size: .8125em; display: flex; gap: .5em; align-items: center }

.log { margin-block-start: auto; padding: .875em; display: flex; flex-direction: column; gap: .5em }
.log > li { display: flex; flex-direction: column; align-items: flex-start; gap: .25em; max-inline-size: 100% }
.log > .mine { align-items: flex-end }
.log > .system { align-items: center; color: var(--muted); font-size: .8125em; text-align: center }
.bubble {
  max-inline-size: 80%; padding: .6em .8em; border-radius: 14px; border-end-start-radius: 4px; background: var(--bubble);
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; line-height: 1.45;
}
.said { display: flex; align-items: center; justify-content: inherit; gap: .25em; max-inline-size: 100% }
.said .bubble { max-inline-size: 290px }
.changes { display: flex; color: var(--muted); font-size: .8em }
@media (hover: hover) { li:not(:hover) > .said > .changes:not(:focus-within) { opacity: 0 } }
.card { max-inline-size: 80%; display: grid; gap: .25em; padding: .6em .8em; border: 1px solid var(--line); border-radius: 14px; color: var(--text); text-decoration: none }
.card > * { unicode-bidi: plaintext }
.card strong { color: var(--accent); font-weight: 600 }
.card:hover strong { text-decoration: underline }
.choices { align-self: flex-end; display: flex; flex-wrap: wrap; gap: .5em; justify-content: flex-end; padding-block-start: .25em }
.choices button { border: 1px solid var(--accent); color: var(--accent); border-radius: 20px; padding: .4em .9em; min-block-size: 2.2em; text-align: start; overflow-wrap: anywhere; unicode-bidi: plaintext }
.choices button:hover { background: var(--bubble) }
.mine .bubble { background: var(--fill); color: var(--on-fill); border-end-start-radius: 14px; border-end-end-radius: 4px }
.mine .bubble a { color: inherit }
.foot { display: flex; align-items: center; gap: .35em; color: var(--muted); font-size: .78em }
.foot svg { inline-size: 1.2em; block-size: 1.2em }
.foot.failed, .foot.failed button { color: var(--bad); text-decoration: underline; min-block-size: 24px }
.attached { max-inline-size: 80%; display: grid; gap: .25em }
.attached canvas { max-inline-size: 100%; max-block-size: 15em; border-radius: 12px; display: block; background: var(--bubble) }
.picture { border-radius: 12px; text-align: start }
.chip { display: flex; align-items: center; gap: .5em; padding: .5em .75em; border: 1px solid var(--line); border-radius: 10px; text-align: start; min-block-size: 2.4em; overflow-wrap: anywhere; background: var(--surface); color: var(--text) }
.chip .note { display: block }
.dots { display: flex; align-items: center; gap: 4px; padding: .25em .875em 1.4em; flex: none }
.dots .face { margin-inline-end: .4em; font-size: .6em }
.dots i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--muted); animation: dot 1.2s infinite }
.dots i:nth-child(2) { animation-delay: .15s }
.dots i:nth-child(3) { animation-delay: .3s }
@keyframes dot { 30% { transform: translateY(-4px); opacity: .5 } }

.write { flex: none; border-block-start: 1px solid var(--line); padding: .6em .75em calc(.6em + env(safe-area-inset-bottom, 0px)); position: relative }
.row { display: flex; align-items: flex-end; gap: .35em }
.write textarea, .field input, .field select, .field textarea {
  inline-size: 100%; border: 1px solid var(--edge); border-radius: 18px; background: var(--surface); padding: .5em .85em; resize: none; min-block-size: 2.5em; line-height: 1.4; unicode-bidi: plaintext;
}
.write textarea { max-block-size: 8em; flex: 1; scrollbar-width: thin }
.write textarea::placeholder, .field ::placeholder { color: var(--muted); opacity: 1 }
.round { inline-size: 2.5em; block-size: 2.5em; border-radius: 50%; background: var(--fill); color: var(--on-fill); display: grid; place-items: center; flex: none; border: 1px solid rgb(128 128 128 / .35) }
.pick { position: absolute; inset-inline: .75em; inset-block-end: 100%; background: var(--surface); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: .4em; display: flex; flex-wrap: wrap; z-index: 2 }
.pick button { inline-size: 2em; block-size: 2em; font-size: 1.3em; border-radius: 8px }
.menu { position: absolute; inset-block-start: 3.4em; inset-inline-end: .75em; z-index: 3; background: var(--surface); color: var(--text); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: .35em; min-inline-size: 13em; display: grid }
.menu button { display: flex; gap: .65em; align-items: center; padding: .55em .65em; border-radius: 8px; text-align: start }
.write .menu { inset-block: auto 100%; inset-inline: .75em auto }
.menu button:hover, .pick button:hover { background: var(--bubble) }
.waiting { display: flex; flex-wrap: wrap; align-items: center; gap: .35em; padding-block-end: .5em }
.waiting .chip { max-inline-size: 100%; padding-block: .2em }
.over::after { content: attr(data-drop); position: absolute; inset: 0; z-index: 4; display: grid; place-items: center; background: var(--surface); opacity: .94; border: 3px dashed var(--accent); border-radius: 14px; font-weight: 600 }

.page { padding: 1.25em 1em 1em; display: flex; flex-direction: column; gap: .9em; flex: 1 }
.field { display: grid; gap: .3em }
.field > label, .field > .label { font-size: .8125em; font-weight: 500 }
.field input, .field select, .field textarea { border-radius: 8px }
.field textarea { resize: vertical; min-block-size: 5em }
.field [aria-invalid="true"] { border-color: var(--bad) }
.check { display: flex; gap: .6em; align-items: flex-start; font-size: .875em; color: var(--soft) }
.check input { inline-size: 1.3em; block-size: 1.3em; min-inline-size: 20px; min-block-size: 20px; flex: none; accent-color: var(--accent) }
.main { background: var(--fill); color: var(--on-fill); border-radius: 10px; min-block-size: 2.75em; padding: .5em 1em; font-weight: 600; border: 1px solid rgb(128 128 128 / .35) }
.plain { color: var(--soft); min-block-size: 2.2em; padding: .25em .75em; border-radius: 8px }
.plain:hover { background: var(--bubble) }
.push { margin-block-start: auto; display: grid; gap: .25em }
.scale { display: flex; gap: .35em; justify-content: space-between }
.scale label { flex: 1; position: relative; display: grid; place-items: center; min-block-size: 2.6em; border-radius: 10px; cursor: pointer; border: 1px solid var(--edge) }
.scale.faces label { border-color: transparent }
.scale.faces svg { inline-size: 1.9em; block-size: 1.9em; stroke-width: 1.6 }
.scale input { position: absolute; opacity: 0; inset: 0; inline-size: 100%; block-size: 100%; cursor: pointer }
.scale label:has(:checked) { background: var(--fill); color: var(--on-fill); border-color: var(--fill) }
.scale label:has(:focus-visible) { outline: 2px solid var(--ring); outline-offset: 2px }
.ends { display: flex; justify-content: space-between }

@media (max-width: 480px) {
  .panel, .start .panel { inset: 0; inset-block-start: var(--top, 0px); inline-size: 100%; block-size: var(--height, 100dvh); border-radius: 0; padding-block-start: env(safe-area-inset-top, 0px); background: var(--fill) }
  .panel > :not(.head) { background-color: var(--surface) }
  .root.open .launcher { display: none }
  .write textarea, .field input, .field select, .field textarea { font-size: max(16px, 1em) }
}
@media (prefers-reduced-motion: reduce) { *, ::before, ::after { animation: none !important; transition: none !important; scroll-behavior: auto !important } }
@media (forced-colors: active) { .bubble, .panel, .invite, .main, .round, .scale label:has(:checked) { border: 1px solid; forced-color-adjust: auto } }
`;

/** Adds a style sheet; `nonce` is for browsers without constructed ones. */
export function dress(shadow: ShadowRoot, css: string, nonce: string | null): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  } catch {
    shadow.append(h("style", { nonce }, css));
  }
}
