"""The style sheet of the page of evidence."""

STYLE = """
:root { --ink: #1d2327; --paper: #fff; --faint: #636c73; --line: #d9dee2; --good: #1a7f4b; --bad: #c0272d;
  --unsure: #9a6700;  --soft: #f4f6f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9eb; --paper: #16191c; --faint: #98a2a9;
  --line: #333a40; --good: #52c288; --bad: #ff7a76; --unsure: #e0a93b; --soft: #1f2428; } }
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 2.5rem 0 .6rem; font-size: 1.15rem; break-after: avoid }
.good { color: var(--good) } .unsure { color: var(--unsure) }
.bad { color: var(--bad) } .faint, small { color: var(--faint) }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem;
  margin: 1.5rem 0 }
.fact { padding: 1rem 1.2rem; background: var(--soft); border-radius: .5rem }
.fact b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums }
.bar { position: relative; height: .5rem; margin-top: .8rem; background: var(--line); border-radius: .25rem }
.bar i { display: block; height: 100%; background: currentColor; border-radius: .25rem }
.bar u { position: absolute; top: -.25rem; width: 2px; height: 1rem; margin-left: -2px;
  background: var(--ink) }
.wide { overflow-x: auto } .wide > table, .wide > svg { width: 100% } .wide > svg { min-width: 40rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
thead { break-after: avoid }
th, td { padding: .4rem .8rem .4rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line) }
th { font-weight: 600; color: var(--faint); font-size: .85rem }
th, .short { white-space: nowrap } .said { white-space: pre-line }
ul { margin: .5rem 0; padding-left: 1.2rem } code, pre { font-size: .9em }
pre { margin: .2rem 0 .8rem; padding: .6rem .8rem; background: var(--soft); border-radius: .3rem;
  white-space: pre-wrap }
.wide > svg { height: auto; font: 12px system-ui, sans-serif }
.sideways { display: none }
@media screen and (max-width: 43em) { .more { display: none } .sideways { display: block; margin: 0 }
  td .short { white-space: normal; overflow-wrap: normal } }
@media print { body { padding: 0; max-width: none } .fact, tr, svg, pre { break-inside: avoid }
  .wide { overflow: visible } .wide > svg { min-width: 0 } }
"""
