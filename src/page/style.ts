/** The looks of the page: those of the reader's system, light or dark, and at any width. */
export const style = `:root {
  color-scheme: light dark;
  --back: light-dark(#f7f7f5, #14161a);
  --card: light-dark(#ffffff, #1b1e23);
  --text: light-dark(#1c1f24, #e6e8eb);
  --dim: light-dark(#5d636d, #9ba2ad);
  --line: light-dark(#e4e4e0, #2b2f36);
  --link: light-dark(#1f55c0, #93b5ff);
  --fine: light-dark(#1a7446, #55c98f);
  --warn: light-dark(#8a5200, #f2b040);
  --bad: light-dark(#b4222a, #ff7b80);
  --bad-back: light-dark(#fdf1f0, #2a1a1d);
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, monospace;
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; max-width: 1200px; margin: 0 auto; padding: 1.25rem 1.5rem 0; }
h1 { font-size: 1.1rem; margin: 0; letter-spacing: -.01em; }
header p { margin: 0; color: var(--dim); font-size: .875rem; }
#connection.lost { color: var(--bad); font-weight: 600; }
#connection.lost::after { content: " · the connection is lost"; }
main { display: grid; gap: 2rem; max-width: 1200px; margin: 0 auto; padding: 1.25rem 1.5rem 4rem; }
main > * { min-width: 0; }
#troubles:empty, #service:empty { display: none; }
h2 { display: flex; align-items: baseline; gap: .5rem; margin: 0 0 .6rem; font-size: .95rem; font-weight: 650; overflow-wrap: anywhere; }
h3 { margin: 1.1rem 0 .5rem; font-size: .875rem; color: var(--dim); font-weight: 600; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre { font: .86em/1.55 var(--mono); }
.dim { color: var(--dim); }
.fine { --tone: var(--fine); }
.warn { --tone: var(--warn); }
.bad { --tone: var(--bad); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bar { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: .25rem 1rem; margin-bottom: .6rem; }
.bar h2 { margin: 0; }
.line { display: block; }
.number { text-align: right; }
.count { background: var(--warn); color: var(--card); border-radius: 1rem; padding: 0 .55rem; font-size: .8rem; }

dl.facts { display: grid; grid-template-columns: repeat(5, 1fr); gap: 1px; margin: 0; background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.facts > div { background: var(--card); padding: .85rem 1rem; min-width: 0; }
.facts dt { color: var(--dim); font-size: .8rem; }
.facts dd { margin: 0; color: var(--dim); font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.facts strong { display: block; color: var(--text); font-size: 1.45rem; line-height: 1.4; font-weight: 600; letter-spacing: -.02em; }
.facts .warn strong, .facts .bad strong { color: var(--tone); }

ul { margin: 0; padding: 0; list-style: none; }
.needs, .warnings, .card, .calm, .empty, table, pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.needs { overflow: hidden; }
.needs li { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: 0 1.25rem; padding: .6rem 1rem; border-left: 3px solid var(--tone); }
.needs li + li, .warnings li + li { border-top: 1px solid var(--line); }
.needs b, .warnings b { overflow-wrap: anywhere; font-weight: 600; }
.needs .bad { background: var(--bad-back); }
.needs a { color: inherit; }
.needs .bad b { color: var(--bad); }
.needs span { overflow-wrap: anywhere; }
.calm, .empty { margin: 0; padding: .8rem 1rem; }
.calm { border-left: 3px solid var(--fine); }
.empty { color: var(--dim); }
.warnings li { padding: .6rem 1rem; overflow-wrap: anywhere; }
.card { padding: 1rem; }
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
p.warn { border-left: 3px solid var(--tone); padding-left: .8rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }

table { width: 100%; border-collapse: separate; border-spacing: 0; overflow: hidden; }
th { text-align: left; font-weight: 500; color: var(--dim); font-size: .8rem; }
th.number { text-align: right; }
th, td { padding: .5rem .9rem; vertical-align: top; overflow-wrap: anywhere; }
td { border-top: 1px solid var(--line); }
tr.bad td { background: var(--bad-back); }
.card table { border-radius: 6px; }
.state { white-space: nowrap; color: var(--tone); }
.state::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .45rem; border-radius: 50%; background: var(--tone); }
.state.warn::before { border-radius: 1px; transform: rotate(45deg) scale(.9); }
.state.bad::before { border-radius: 1px; }
.state.bad { font-weight: 650; }
.meter { width: 6.5rem; height: 6px; margin-right: .5rem; vertical-align: middle; fill: var(--tone); }
.meter .all { fill: var(--line); }

form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; }
form.where { margin-bottom: .8rem; }
form.live button { display: none; }
label { color: var(--dim); font-size: .8rem; }
label > input, label > select { display: block; margin-top: .15rem; }
input, select, button { font: inherit; font-size: .9rem; height: 2.2rem; padding: .35rem .6rem; border: 1px solid light-dark(#8b9099, #6c737e); border-radius: 6px; background: var(--card); color: var(--text); min-width: 0; }
::placeholder { color: var(--dim); opacity: 1; }
.where input { width: 15rem; }
button { cursor: pointer; background: light-dark(#1f55c0, #2f5fbf); border-color: transparent; color: #fff; }
button.quiet { background: none; border-color: light-dark(#8b9099, #6c737e); color: var(--text); }
pre { margin: 0; padding: .9rem 1rem; overflow: auto; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--dim); }
details pre { margin-top: .5rem; }

@media (max-width: 760px) {
  header, main { padding-left: 1rem; padding-right: 1rem; }
  main { gap: 1.6rem; }
  dl.facts { grid-template-columns: 1fr 1fr; }
  .facts > :first-child { grid-column: 1 / -1; }
  .needs li { grid-template-columns: 1fr; }
  .where label, .where input, .where select { width: 100%; }
  table, tbody, tr, td { display: block; }
  tr[hidden] { display: none; }
  table { background: none; border: 0; border-radius: 0; overflow: visible; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { background: var(--card); border: 1px solid var(--line); border-left: 3px solid var(--tone); border-radius: 10px; padding: .5rem .9rem; margin-bottom: .6rem; }
  tr.bad, tr.bad td { background: var(--bad-back); }
  td, td.number { display: grid; grid-template-columns: 7.5rem 1fr; gap: .75rem; padding: .15rem 0; border: 0; text-align: left; }
  td::before { content: attr(data-title); color: var(--dim); font-size: .85rem; }
  td:has(.none) { display: none; }
  td:first-child { display: block; font-weight: 600; font-size: 1rem; }
  td:first-child::before { content: none; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`

/** The picture in the tab of a browser: one line in, two out. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="none" stroke="#2f6fd6" stroke-width="2" stroke-linecap="round"><path d="M2 8h4l6-5"/><path d="M6 8l6 5"/></g><g fill="#2f6fd6"><circle cx="13" cy="3" r="2"/><circle cx="13" cy="13" r="2"/></g></svg>
`
